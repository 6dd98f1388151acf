/** The screen of a terminal as a page: what `tmux capture-pane -e` says, with its colours. */

const COLOURS: Record<number, string> = {
  31: "#ff7b72",
  32: "#7ee787",
  33: "#e3b341",
  34: "#79c0ff",
  36: "#76e3ea",
  90: "#8b949e",
};

/** HTML of one dark window that holds `screen`; its element has the id `window`. */
export function terminalPage(screen: string, title: string): string {
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: transparent; }
#window { display: inline-block; margin: 16px; border-radius: 10px; background: #0d1117; color: #e6edf3; box-shadow: 0 4px 16px #0006; }
header { padding: 10px 16px; color: #8b949e; font: 13px sans-serif; border-bottom: 1px solid #30363d; }
pre { margin: 0; padding: 14px 18px 18px; font: 14px/1.2 "DejaVu Sans Mono", "Liberation Mono", monospace; }
</style><div id="window"><header>${escapeHtml(title)}</header><pre>${coloured(screen)}</pre></div>`;
}

/** Colours and dim, bold and reversed text; everything else of the escape sequences is dropped. */
function coloured(screen: string): string {
  let style = new Map<string, string>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is read
  return screen.replace(/\u001b\[([0-9;]*)m|[^\u001b]+/g, (text, codes: string | undefined) => {
    if (codes === undefined) {
      const css = [...style].map(([name, value]) => `${name}:${value}`).join(";");
      return css === "" ? escapeHtml(text) : `<span style="${css}">${escapeHtml(text)}</span>`;
    }
    for (const code of codes.split(";").map(Number)) {
      if (code === 0) style = new Map();
      else if (code === 1) style.set("font-weight", "bold");
      else if (code === 2) style.set("opacity", "0.65");
      else if (code === 7) style.set("background", "#e6edf3").set("color", "#0d1117");
      else if (code === 22) for (const name of ["font-weight", "opacity"]) style.delete(name);
      else if (code === 27) for (const name of ["background", "color"]) style.delete(name);
      else if (code === 39) style.delete("color");
      else if (COLOURS[code]) style.set("color", COLOURS[code]);
    }
    return "";
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
