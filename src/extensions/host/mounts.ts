/** What is mounted where, and what should be: /proc/self/mountinfo and fstab(5), as text. */

export type Mount = {
  readonly point: string
  readonly type: string
  readonly source: string
  /** `major:minor` of the device. */
  readonly device: string
  readonly options: string
  /** The folder of the file system that is mounted: '/' but for bind mounts. */
  readonly root: string
}

export type FstabEntry = {
  readonly source: string
  readonly point: string
  readonly type: string
  readonly options: readonly string[]
  /** 0: not to be checked. */
  readonly pass: number
}

export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .filter(line => line.includes(' - '))
    .map(line => {
      const [left = '', right = ''] = line.split(' - ')
      const [, , device = '', root = '', point = '', options = ''] = left.split(' ')
      const [type = '', source = ''] = right.split(' ')
      return {
        device,
        type,
        options,
        ...{ root: decodeOctal(root), point: decodeOctal(point), source: decodeOctal(source) },
      }
    })
}

export function parseFstab(text: string): FstabEntry[] {
  return text
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([first = '#', point]) => !first.startsWith('#') && point?.startsWith('/'))
    .map(([source = '', point = '', type = '', options = '', , pass = '0']) => ({
      source: decodeOctal(source),
      point: decodeOctal(point),
      type,
      options: options.split(','),
      pass: Number(pass) || 0,
    }))
}

/** The kernel and fstab write spaces and their like as three octal digits. */
const decodeOctal = (text: string) =>
  text.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
