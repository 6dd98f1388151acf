/** Counters in Prometheus' text form, for `/metrics`. */

type Labels = Readonly<Record<string, string>>;

interface Metric {
  help: string;
  type: "counter" | "gauge";
  values: Map<string, number>;
}

export class Metrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #gauges: (() => void)[] = [];

  /** Adds to a counter. */
  add(name: string, help: string, labels: Labels, amount = 1): void {
    const { values } = this.#metric(name, help, "counter");
    const key = labelText(labels);
    values.set(key, (values.get(key) ?? 0) + amount);
  }

  /** One counter with its labels settled: for paths where building them would cost more than the work. */
  counter(name: string, help: string, labels: Labels): () => void {
    const { values } = this.#metric(name, help, "counter");
    const key = labelText(labels);
    return () => {
      values.set(key, (values.get(key) ?? 0) + 1);
    };
  }

  /** A value that is asked for when the metrics are read. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.push(() => this.#metric(name, help, "gauge").values.set("", read()));
  }

  text(): string {
    for (const refresh of this.#gauges) refresh();
    return [...this.#metrics]
      .map(([name, { help, type, values }]) => {
        const lines = [...values].map(([labels, value]) => `${name}${labels} ${value}`);
        return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
      })
      .join("");
  }

  #metric(name: string, help: string, type: Metric["type"]): Metric {
    let metric = this.#metrics.get(name);
    if (!metric) {
      metric = { help, type, values: new Map() };
      this.#metrics.set(name, metric);
    }
    return metric;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
