/** What `/metrics` shows besides requests and Hub calls. */
import type { Backend } from "./backend.ts";

export function watchMetrics({ metrics, board, record, streams }: Backend): void {
  metrics.gauge("collab_write_queue", "Writes waiting for their group.", () => record.queueLength);
  metrics.gauge("collab_board_version", "Rises with every change of the board.", () => board.version);
  metrics.gauge(
    "collab_journal_seq",
    "Number of the last commit group on the board.",
    () => board.journalSeq,
  );
  metrics.gauge("collab_event_streams", "Connections that follow events.", () => streams.count());
  metrics.gauge("collab_documents", "Documents on the board, copies included.", () => board.documentCount());
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  board.follow(({ group }) => {
    if (!group) return;
    metrics.add("collab_commit_groups_total", "Commit groups applied.", {});
    metrics.add("collab_commit_entries_total", "Writes in them.", {}, group.entries.length);
  });
}
