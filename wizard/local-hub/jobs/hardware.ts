/** Hardware of Jobs and Spaces with the Hub's names and prices (hub-wire.md 6.4). */
import { HARDWARE_PRICE_PER_HOUR, type JobHardware } from "../../../template/schema/hardware.ts";

interface Machine {
  prettyName: string;
  cpus: number;
  ramGb: number;
  diskGb: number;
  gpus?: { count: number; model: string; vramGb: number };
}

const gpu = (count: number, model: string, vramGb: number) => ({ count, model, vramGb });

const MACHINES: Record<JobHardware, Machine> = {
  "cpu-basic": { prettyName: "CPU Basic", cpus: 2, ramGb: 16, diskGb: 50 },
  "cpu-upgrade": { prettyName: "CPU Upgrade", cpus: 8, ramGb: 32, diskGb: 50 },
  "cpu-xl": { prettyName: "CPU XL", cpus: 16, ramGb: 124, diskGb: 1000 },
  "cpu-performance": { prettyName: "CPU Performance", cpus: 32, ramGb: 256, diskGb: 1000 },
  "t4-small": { prettyName: "Nvidia T4 - small", cpus: 4, ramGb: 15, diskGb: 50, gpus: gpu(1, "T4", 16) },
  "t4-medium": { prettyName: "Nvidia T4 - medium", cpus: 8, ramGb: 30, diskGb: 100, gpus: gpu(1, "T4", 16) },
  l4x1: { prettyName: "1x Nvidia L4", cpus: 8, ramGb: 30, diskGb: 400, gpus: gpu(1, "L4", 24) },
  l4x4: { prettyName: "4x Nvidia L4", cpus: 48, ramGb: 186, diskGb: 3200, gpus: gpu(4, "L4", 24) },
  l40sx1: { prettyName: "1x Nvidia L40S", cpus: 8, ramGb: 62, diskGb: 380, gpus: gpu(1, "L40S", 48) },
  "a10g-small": {
    prettyName: "Nvidia A10G - small",
    cpus: 4,
    ramGb: 15,
    diskGb: 110,
    gpus: gpu(1, "A10G", 24),
  },
  "a10g-large": {
    prettyName: "Nvidia A10G - large",
    cpus: 12,
    ramGb: 46,
    diskGb: 200,
    gpus: gpu(1, "A10G", 24),
  },
  "a10g-largex2": {
    prettyName: "2x Nvidia A10G - large",
    cpus: 24,
    ramGb: 92,
    diskGb: 1000,
    gpus: gpu(2, "A10G", 24),
  },
  "a10g-largex4": {
    prettyName: "4x Nvidia A10G - large",
    cpus: 48,
    ramGb: 184,
    diskGb: 2000,
    gpus: gpu(4, "A10G", 24),
  },
  "a100-large": {
    prettyName: "Nvidia A100 - large",
    cpus: 12,
    ramGb: 142,
    diskGb: 1000,
    gpus: gpu(1, "A100", 80),
  },
  a100x4: { prettyName: "4x Nvidia A100", cpus: 48, ramGb: 568, diskGb: 4000, gpus: gpu(4, "A100", 80) },
  a100x8: { prettyName: "8x Nvidia A100", cpus: 96, ramGb: 1136, diskGb: 8000, gpus: gpu(8, "A100", 80) },
  h200: { prettyName: "Nvidia H200", cpus: 23, ramGb: 256, diskGb: 3000, gpus: gpu(1, "H200", 141) },
  h200x2: { prettyName: "2x Nvidia H200", cpus: 46, ramGb: 512, diskGb: 6000, gpus: gpu(2, "H200", 141) },
  h200x4: { prettyName: "4x Nvidia H200", cpus: 92, ramGb: 1024, diskGb: 12_000, gpus: gpu(4, "H200", 141) },
  h200x8: { prettyName: "8x Nvidia H200", cpus: 184, ramGb: 2048, diskGb: 24_000, gpus: gpu(8, "H200", 141) },
  "rtx-pro-6000": {
    prettyName: "Nvidia RTX PRO 6000",
    cpus: 22,
    ramGb: 256,
    diskGb: 1000,
    gpus: gpu(1, "RTX PRO 6000", 96),
  },
};

const MICRO_USD = 1_000_000;

export const isHardware = (name: unknown): name is JobHardware =>
  typeof name === "string" && Object.hasOwn(MACHINES, name);

/** The list that the API answers with. */
export function hardwareList(): object[] {
  return (Object.keys(MACHINES) as JobHardware[]).map((name) => {
    const { prettyName, cpus, ramGb, diskGb, gpus } = MACHINES[name];
    const perMinute = Math.round((HARDWARE_PRICE_PER_HOUR[name] / 60) * MICRO_USD);
    return {
      name,
      prettyName,
      cpu: `${cpus} vCPU`,
      ram: `${ramGb} GB`,
      ephemeralStorage: `${diskGb} GB`,
      accelerator:
        gpus === undefined
          ? null
          : {
              type: "gpu",
              model: gpus.model,
              quantity: String(gpus.count),
              vram: `${gpus.count * gpus.vramGb} GB`,
              manufacturer: "Nvidia",
            },
      unitCostMicroUSD: perMinute,
      unitCostUSD: perMinute / MICRO_USD,
      unitLabel: "minute",
    };
  });
}

/** What a Space or Job on this hardware reads in its environment. The machine itself stays the one it runs on. */
export function hardwareEnvironment(name: JobHardware): Record<string, string> {
  const { cpus, ramGb, gpus } = MACHINES[name];
  return { ACCELERATOR: gpus === undefined ? "none" : name, CPU_CORES: String(cpus), MEMORY: `${ramGb}Gi` };
}

export const memoryBytes = (name: JobHardware): number => MACHINES[name].ramGb * 2 ** 30;
export const cpuCores = (name: JobHardware): number => MACHINES[name].cpus;
