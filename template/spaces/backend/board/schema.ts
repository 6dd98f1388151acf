/**
 * Tables of the board. One row of `docs` is one markdown file in one *list* (the board, a handle's inbox,
 * the notes of a taskforce, …), sorted by its key; the text is in `contents`, once for a message and its copies
 * in inboxes and broadcasts.
 *
 * Counts that a list answer needs are kept by triggers, so that no page ever counts history. While a board is
 * filled at the start, indexes and triggers only cost time: they are made when it is full.
 */
export const FILLING = "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = OFF;";
export const FILLED = "PRAGMA foreign_keys = ON; PRAGMA journal_mode = MEMORY;";

export const BOARD_TABLES = `
CREATE TABLE lists (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, count INTEGER NOT NULL DEFAULT 0);

CREATE TABLE contents (
  id INTEGER PRIMARY KEY,             -- never given twice: the search index trusts it
  frontmatter TEXT NOT NULL,          -- JSON-safe
  lines TEXT NOT NULL,                -- lower-cased "key: value" lines for q=, separated by U+001E
  body TEXT NOT NULL
);
CREATE VIRTUAL TABLE search USING fts5(
  text, content='', contentless_delete=1, detail=none, tokenize="trigram case_sensitive 1"
);
-- Merged less often than by default: a history is indexed in half the processor time, and found as fast.
INSERT INTO search (search, rank) VALUES ('automerge', 16), ('crisismerge', 64);

CREATE TABLE docs (
  id INTEGER PRIMARY KEY,             -- never given twice: who has counted up to one counts on from there
  list INTEGER NOT NULL REFERENCES lists(id),
  key TEXT NOT NULL,                  -- what the list is sorted by: the filename, for traces the cursor
  path TEXT NOT NULL,                 -- one row each: docs_path
  author TEXT NOT NULL,
  type TEXT NOT NULL,
  via TEXT NOT NULL,
  channel TEXT NOT NULL,
  content INTEGER NOT NULL REFERENCES contents(id)
);

-- Documents per list and author, type, via, channel or hour.
CREATE TABLE tallies (list INTEGER NOT NULL, facet TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (list, facet, value)) WITHOUT ROWID;

CREATE TABLE agents (
  doc INTEGER PRIMARY KEY REFERENCES docs(id) ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE,            -- from the filename
  hf_user TEXT NOT NULL, model TEXT NOT NULL, harness TEXT NOT NULL, joined TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE verification (filename TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE results (
  doc INTEGER PRIMARY KEY REFERENCES docs(id) ON DELETE CASCADE,
  filename TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  status TEXT NOT NULL,               -- as text, for the filter
  class TEXT NOT NULL,                -- candidate | repeat | self-reported | negative | malformed
  run TEXT,                           -- the run whose summary filled it; NULL where a participant typed the score
  hash TEXT,                          -- what ran; results of one hash are one unit of the ranking
  own REAL,                           -- the score that stands in the file
  score REAL,                         -- the score that ranks: with runs, the statistic of all draws of the hash
  rank REAL,                          -- score, negated where higher is better: smaller always ranks first
  provisional INTEGER NOT NULL DEFAULT 0, -- fewer draws than a score needs
  verification TEXT NOT NULL
);
-- Completed full runs with a score: the draws of a submission, whoever started them, posted or not.
CREATE TABLE draws (run TEXT PRIMARY KEY, hash TEXT NOT NULL, agent TEXT NOT NULL, hf_user TEXT NOT NULL,
  score REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE units (
  hash TEXT PRIMARY KEY,
  n INTEGER NOT NULL, sd REAL,
  spread TEXT NOT NULL,               -- JSON, see ranking/statistic.ts
  original TEXT,                      -- the result that ranks for it
  reproductions INTEGER NOT NULL      -- other people who have run it
) WITHOUT ROWID;
CREATE TABLE in_track (doc INTEGER NOT NULL REFERENCES docs(id) ON DELETE CASCADE, track TEXT NOT NULL,
  PRIMARY KEY (doc, track)) WITHOUT ROWID;
CREATE TABLE result_tallies (class TEXT NOT NULL, verification TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (class, verification)) WITHOUT ROWID;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  created INTEGER NOT NULL,           -- milliseconds
  kind TEXT NOT NULL, lane TEXT NOT NULL,
  agent TEXT NOT NULL, hf_user TEXT NOT NULL,
  content_hash TEXT NOT NULL, runtime_hash TEXT NOT NULL,
  status TEXT NOT NULL,
  over INTEGER NOT NULL,
  charged INTEGER NOT NULL,           -- counts against the quotas
  dollars REAL NOT NULL,              -- counts against the budget: what it cost, before that what it may cost
  result TEXT,                        -- of a verification
  doc TEXT NOT NULL                   -- the whole, as JSON
) WITHOUT ROWID;
CREATE TABLE verdicts (path TEXT PRIMARY KEY, filename TEXT NOT NULL, state TEXT NOT NULL, applied INTEGER NOT NULL,
  doc TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE taskforces (
  doc INTEGER PRIMARY KEY REFERENCES docs(id) ON DELETE CASCADE,
  name TEXT NOT NULL UNIQUE, creator TEXT, created TEXT
);

CREATE TABLE traces (
  doc INTEGER PRIMARY KEY REFERENCES docs(id) ON DELETE CASCADE,
  agent TEXT NOT NULL, session TEXT NOT NULL, harness TEXT NOT NULL, model TEXT NOT NULL, share TEXT NOT NULL,
  summary TEXT NOT NULL,              -- JSON: what TraceSummary and stats need, with YAML's types settled
  UNIQUE (agent, session)
);

-- Files that are listed by name: of taskforces, traces, artifact sets and shared resources.
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
`;

export const TABLE_NAMES = [...BOARD_TABLES.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, name]) => name);

/** What the triggers would have counted of results; of documents, `Documents` counts itself. */
export const COUNT_RESULTS = `
INSERT INTO result_tallies SELECT class, verification, count(*) FROM results GROUP BY class, verification;
`;

export const BOARD_INDEXES = `
CREATE UNIQUE INDEX docs_path ON docs(path);
CREATE INDEX docs_key ON docs(list, key);
CREATE INDEX docs_content ON docs(content);
CREATE INDEX agents_joined ON agents(joined DESC, id);
CREATE INDEX results_best ON results(agent, class, verification, provisional, rank, filename);
CREATE INDEX results_order ON results(class, verification, provisional, rank, filename);
CREATE INDEX results_hash ON results(hash, run) WHERE hash IS NOT NULL;
CREATE INDEX results_run ON results(run) WHERE run IS NOT NULL;
CREATE INDEX draws_hash ON draws(hash, run);
CREATE INDEX results_state ON results(verification, filename);
CREATE INDEX results_status ON results(status, filename);
CREATE INDEX runs_created ON runs(created, kind);
CREATE INDEX runs_agent ON runs(agent, id);
CREATE INDEX runs_user ON runs(hf_user, created);
CREATE INDEX runs_content ON runs(content_hash, created);
CREATE INDEX runs_runtime ON runs(runtime_hash, id);
CREATE INDEX runs_over ON runs(over) WHERE over = 0;
CREATE INDEX runs_result ON runs(result, id) WHERE result IS NOT NULL;
CREATE INDEX verdicts_filename ON verdicts(filename);
CREATE INDEX verdicts_state ON verdicts(state, filename);
CREATE INDEX taskforces_created ON taskforces(created DESC, name DESC);
CREATE INDEX traces_agent ON traces(agent);
`;

/**
 * For filters of lists, one statement each: without them a filter reads the whole list, so a board that was filled
 * answers before it has them.
 */
export const FILTER_INDEXES = [
  "CREATE INDEX docs_author ON docs(list, author, key)",
  "CREATE INDEX docs_type ON docs(list, type, key)",
  "CREATE INDEX docs_via ON docs(list, via, key)",
  "CREATE INDEX docs_channel ON docs(list, channel, key) WHERE channel <> ''",
] as const;

export const BOARD_TRIGGERS = `
CREATE TRIGGER docs_in AFTER INSERT ON docs BEGIN
  UPDATE lists SET count = count + 1 WHERE id = NEW.list;
  INSERT INTO tallies VALUES
    (NEW.list, 'author', NEW.author, 1), (NEW.list, 'type', NEW.type, 1), (NEW.list, 'via', NEW.via, 1),
    (NEW.list, 'channel', NEW.channel, 1), (NEW.list, 'hour', substr(NEW.key, 1, 11), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER docs_out AFTER DELETE ON docs BEGIN
  UPDATE lists SET count = count - 1 WHERE id = OLD.list;
  UPDATE tallies SET n = n - 1 WHERE list = OLD.list AND (facet, value) IN (VALUES
    ('author', OLD.author), ('type', OLD.type), ('via', OLD.via), ('channel', OLD.channel),
    ('hour', substr(OLD.key, 1, 11)));
  DELETE FROM search WHERE rowid = OLD.content
    AND NOT EXISTS (SELECT 1 FROM docs WHERE content = OLD.content);
  DELETE FROM contents WHERE id = OLD.content
    AND NOT EXISTS (SELECT 1 FROM docs WHERE content = OLD.content);
END;
CREATE TRIGGER results_in AFTER INSERT ON results BEGIN
  INSERT INTO result_tallies VALUES (NEW.class, NEW.verification, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER results_out AFTER DELETE ON results BEGIN
  UPDATE result_tallies SET n = n - 1 WHERE class = OLD.class AND verification = OLD.verification;
END;
CREATE TRIGGER results_moved AFTER UPDATE OF class, verification ON results
  WHEN OLD.class <> NEW.class OR OLD.verification <> NEW.verification BEGIN
  UPDATE result_tallies SET n = n - 1 WHERE class = OLD.class AND verification = OLD.verification;
  INSERT INTO result_tallies VALUES (NEW.class, NEW.verification, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
`;
