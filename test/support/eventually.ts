/** Waits for what happens on its own time; the test's own limit ends it. */
export async function eventually(isSo: () => boolean | Promise<boolean>, everyMs = 10): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}
