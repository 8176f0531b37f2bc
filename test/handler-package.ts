import { type ZipFile, zip } from '../src/server/extensions/write-zip.ts'

export type HandlerWish = {
  /** Shell scripts, by command; what is not given succeeds and does nothing. */
  readonly install?: string
  readonly enable?: string
  readonly update?: string
  readonly disable?: string
  readonly uninstall?: string
  readonly manifest?: Readonly<Record<string, unknown>>
  readonly files?: readonly ZipFile[]
}

const commands = ['install', 'enable', 'update', 'disable', 'uninstall'] as const

/** What handlers in shell need: where they are, and a way to write their status. */
const preamble = `#!/bin/sh
set -e
cd "$(dirname "$0")"
seq=$ConfigSequenceNumber
status() {
  printf '[{"version":"1.0","timestampUTC":"%s","status":{"name":"test","operation":"enable","status":"%s","code":%s,"formattedMessage":{"lang":"en-US","message":"%s"}}}]' \\
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$3" > "status/$seq.status.tmp"
  mv "status/$seq.status.tmp" "status/$seq.status"
}
`

/** A package in the layout of Azure's own, whose commands are shell scripts. */
export function handlerPackage(wish: HandlerWish = {}): Buffer {
  const scripts = commands.map(name => ({ path: `${name}.sh`, content: `${preamble}${wish[name] ?? ''}\n` }))
  const manifest = [
    {
      version: 1.0,
      handlerManifest: {
        ...Object.fromEntries(commands.map(name => [`${name}Command`, `${name}.sh`])),
        reportHeartbeat: false,
        ...wish.manifest,
      },
    },
  ]
  return zip([{ path: 'HandlerManifest.json', content: JSON.stringify(manifest) }, ...scripts, ...(wish.files ?? [])])
}
