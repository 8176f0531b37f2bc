/**
 * What a machine is to be, as the server tells its agent. An agent keeps the last one that it has seen, so there is no
 * secret in it but what is encrypted for the machine's certificate.
 */

export type GoalState = {
  /** In the order in which they are to be enabled. An installed one that is not among these is to be removed. */
  readonly extensions: readonly WantedExtension[]
  /** Commands whose results the server does not have yet. Each is carried out once, however often it is named. */
  readonly commands: readonly WantedCommand[]
  /** Secrets of which the machine has said that it keeps them, and which have just changed in their vault. */
  readonly changedSecrets: readonly ChangedSecret[]
}

export type ChangedSecret = {
  /** As the machine calls it: `https://<vault>/secrets/<name>`. */
  readonly id: string
  /** Another one with each change. */
  readonly change: string
}

export type WantedExtension = {
  /** The name of the resource. */
  readonly name: string
  /** `Publisher.Type`: what folders and handlers are called by. */
  readonly handler: string
  /**
   * What this one's settings are called by when a machine may have several extensions of the handler; null when it may
   * not.
   */
  readonly configName: string | null
  /** The whole version of the package, such as `1.5.3`. */
  readonly version: string
  /** Another one means another extension, also when everything else is alike: it was deleted and made again. */
  readonly incarnation: string
  /** Rises whenever the settings are to be applied again. */
  readonly sequenceNumber: number
  /** As the operator gave them, which is not always an object; null for none. */
  readonly publicSettings: unknown
  /** Base64 of a DER EnvelopedData (RFC 5652 §6) for the machine's certificate. */
  readonly protectedSettings: string | null
  /** Upper-case hexadecimal SHA-1 of that certificate. */
  readonly protectedSettingsCertThumbprint: string | null
  /** Hexadecimal SHA-256 of the package. */
  readonly packageDigest: string
  /** The names of extensions that must have succeeded before. */
  readonly dependsOn: readonly string[]
}

export type WantedCommand = {
  /** A GUID. */
  readonly id: string
  readonly source: ScriptSource
  readonly parameters: readonly CommandParameter[]
  /** These are told in the environment alone, which others in the machine cannot see. */
  readonly protectedParameters: readonly CommandParameter[]
  /** As whom it runs. */
  readonly user: string
  readonly timeoutSec: number
}

export type ScriptSource =
  | { readonly script: string }
  /** To be fetched by the machine: as anybody, or as one of its identities; an empty object means the machine's own. */
  | { readonly uri: string; readonly identity: { readonly clientId?: string; readonly objectId?: string } | null }

export type CommandParameter = { readonly name: string; readonly value: string }
