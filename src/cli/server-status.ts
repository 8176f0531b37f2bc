/** What `/providers/Lazuli.Server/status` and `…/machines` answer. */

export type MachineStatus = {
  readonly name: string
  readonly id: string
  readonly vmId: string
  readonly provisioningState: string
  readonly powerState: string
  /** Empty for a machine that is only recorded. */
  readonly address: string
  readonly username: string
  readonly hostKeys: readonly { readonly type: string; readonly publicKey: string; readonly fingerprint: string }[]
}

export type ServerStatus = {
  readonly version: string
  readonly pid: number
  readonly startedAt: string
  readonly directory: string
  readonly clock: { readonly now: string; readonly shiftMs: number }
  readonly machines: {
    readonly driver: 'sandbox' | 'none'
    readonly missing: readonly string[]
    readonly list: readonly MachineStatus[]
  }
  readonly storageAccounts: readonly {
    readonly account: string
    readonly containers: number
    readonly blobs: number
    readonly bytes: number
  }[]
  readonly dataLakeAccounts: readonly {
    readonly account: string
    readonly folders: number
    readonly files: number
    readonly bytes: number
  }[]
  /** What belongs to a certificate is not counted once more. */
  readonly vaults: readonly {
    readonly vault: string
    readonly secrets: number
    readonly keys: number
    readonly certificates: number
  }[]
  readonly resourceGroups: readonly string[]
  readonly memory: { readonly residentBytes: number }
}
