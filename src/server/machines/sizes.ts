/** The sizes of Azure's machines, with Azure's numbers. */

export type Size = {
  readonly name: string
  readonly cpus: number
  readonly memoryMiB: number
  readonly maxDataDisks: number
  /** The temporary disk; 0 for sizes without. */
  readonly temporaryDiskMiB: number
}

export const defaultSize = 'Standard_DS1_v2'
export const largestOsDiskMiB = 1_047_552

/** `disks` and `temporaryGiB` are per CPU, as they are in the families where everything grows together. */
type Family = {
  name: (cpus: number) => string
  cpus: readonly number[]
  gibPerCpu: number
  temporaryGiBPerCpu: number
  mostDisks: number
}

const upTo = (most: number) => [2, 4, 8, 16, 32, 48, 64, 96].filter(cpus => cpus <= most)

const families: Family[] = [
  { name: n => `Standard_D${n}_v3`, cpus: upTo(64), gibPerCpu: 4, temporaryGiBPerCpu: 25, mostDisks: 32 },
  { name: n => `Standard_D${n}s_v3`, cpus: upTo(64), gibPerCpu: 4, temporaryGiBPerCpu: 8, mostDisks: 32 },
  { name: n => `Standard_D${n}_v4`, cpus: upTo(64), gibPerCpu: 4, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_D${n}s_v4`, cpus: upTo(64), gibPerCpu: 4, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_D${n}_v5`, cpus: upTo(96), gibPerCpu: 4, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_D${n}s_v5`, cpus: upTo(96), gibPerCpu: 4, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_D${n}ds_v5`, cpus: upTo(96), gibPerCpu: 4, temporaryGiBPerCpu: 37.5, mostDisks: 32 },
  { name: n => `Standard_D${n}as_v5`, cpus: upTo(96), gibPerCpu: 4, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_D${n}ads_v5`, cpus: upTo(96), gibPerCpu: 4, temporaryGiBPerCpu: 37.5, mostDisks: 32 },
  { name: n => `Standard_D${n}ls_v5`, cpus: upTo(96), gibPerCpu: 2, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_E${n}s_v3`, cpus: upTo(48), gibPerCpu: 8, temporaryGiBPerCpu: 16, mostDisks: 32 },
  { name: n => `Standard_E${n}s_v4`, cpus: upTo(48), gibPerCpu: 8, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_E${n}s_v5`, cpus: upTo(64), gibPerCpu: 8, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_E${n}as_v5`, cpus: upTo(64), gibPerCpu: 8, temporaryGiBPerCpu: 0, mostDisks: 32 },
  { name: n => `Standard_F${n}s_v2`, cpus: upTo(64), gibPerCpu: 2, temporaryGiBPerCpu: 8, mostDisks: 32 },
]

const single: [name: string, cpus: number, memoryGiB: number, maxDataDisks: number, temporaryGiB: number][] = [
  ['Standard_B1ls', 1, 0.5, 2, 4],
  ['Standard_B1s', 1, 1, 2, 4],
  ['Standard_B1ms', 1, 2, 2, 4],
  ['Standard_B2s', 2, 4, 4, 8],
  ['Standard_B2ms', 2, 8, 4, 16],
  ['Standard_B4ms', 4, 16, 8, 32],
  ['Standard_B8ms', 8, 32, 16, 64],
  ['Standard_B12ms', 12, 48, 16, 96],
  ['Standard_B16ms', 16, 64, 32, 128],
  ['Standard_B20ms', 20, 80, 32, 160],
  ['Standard_B2ts_v2', 2, 1, 4, 0],
  ['Standard_B2ls_v2', 2, 4, 4, 0],
  ['Standard_B2s_v2', 2, 8, 4, 0],
  ['Standard_B4ls_v2', 4, 8, 8, 0],
  ['Standard_B4s_v2', 4, 16, 8, 0],
  ['Standard_B8s_v2', 8, 32, 16, 0],
  ['Standard_B16s_v2', 16, 64, 32, 0],
  ['Standard_A1_v2', 1, 2, 2, 10],
  ['Standard_A2_v2', 2, 4, 4, 20],
  ['Standard_A4_v2', 4, 8, 8, 40],
  ['Standard_A8_v2', 8, 16, 16, 80],
  ['Standard_D1_v2', 1, 3.5, 4, 50],
  ['Standard_D2_v2', 2, 7, 8, 100],
  ['Standard_D3_v2', 4, 14, 16, 200],
  ['Standard_D4_v2', 8, 28, 32, 400],
  ['Standard_D5_v2', 16, 56, 64, 800],
  ['Standard_DS1_v2', 1, 3.5, 4, 7],
  ['Standard_DS2_v2', 2, 7, 8, 14],
  ['Standard_DS3_v2', 4, 14, 16, 28],
  ['Standard_DS4_v2', 8, 28, 32, 56],
  ['Standard_DS5_v2', 16, 56, 64, 112],
  ['Standard_F1s', 1, 2, 4, 4],
  ['Standard_F2s', 2, 4, 8, 8],
  ['Standard_F4s', 4, 8, 16, 16],
  ['Standard_F8s', 8, 16, 32, 32],
  ['Standard_F16s', 16, 32, 64, 64],
]

export const sizes: readonly Size[] = [
  ...single.map(([name, cpus, memoryGiB, maxDataDisks, temporaryGiB]) => ({
    name,
    cpus,
    memoryMiB: memoryGiB * 1024,
    maxDataDisks,
    temporaryDiskMiB: temporaryGiB * 1024,
  })),
  ...families.flatMap(({ name, cpus, gibPerCpu, temporaryGiBPerCpu, mostDisks }) =>
    cpus.map(count => ({
      name: name(count),
      cpus: count,
      memoryMiB: count * gibPerCpu * 1024,
      maxDataDisks: Math.min(count * 2, mostDisks),
      temporaryDiskMiB: count * temporaryGiBPerCpu * 1024,
    })),
  ),
]

const byName = new Map(sizes.map(size => [size.name.toLowerCase(), size]))

export const sizeOf = (name: string): Size | undefined => byName.get(name.toLowerCase())
