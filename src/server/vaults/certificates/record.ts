import type { ObjectVersion, VaultObject } from '../../store/vault-objects.ts'
import type { CertificatePolicy } from './policy.ts'

/** What a vault keeps of a certificate for all its versions. The key of a pending one is sealed beside it. */
export type CertificateRecord = {
  readonly policy: CertificatePolicy
  readonly pending?: PendingCertificate
  /** Which lifetime actions have been carried out for the version, and of what of its end notice has been given. */
  readonly carriedOut?: { readonly version: string; readonly actions: readonly string[] }
  /** Set while renewing fails: how often it has, and when the next attempt is due. */
  readonly failing?: { readonly times: number; readonly retryAt: number }
}

/** A version that is being made. Its last state stays until the next one is made. */
export type PendingCertificate = {
  readonly requestId: string
  /** The version that it is to become. */
  readonly version: string
  readonly issuer: CertificatePolicy['issuer']
  /** The request, in base64. */
  readonly csr: string
  readonly status: 'inProgress' | 'completed' | 'cancelled' | 'failed'
  readonly cancellationRequested: boolean
  readonly statusDetails?: string
  readonly error?: { readonly code: string; readonly message: string }
  readonly enabled: boolean
  readonly tags?: Readonly<Record<string, string>>
  /** Whether the vault began it by itself, because of a lifetime action. */
  readonly isRenewal: boolean
  readonly startedAt: number
  /** How often the issuer could not be asked, and when it is asked again. */
  readonly attempts?: { readonly times: number; readonly nextAt: number }
}

export type CertificateVersion = {
  /** DER in base64; missing until the certificate has been issued. */
  readonly cer?: string
  /** SHA-1 of it, in base64url. */
  readonly x5t?: string
  readonly preserveCertOrder?: boolean
  /**
   * From when to when it counts for lifetime actions, in seconds, where that is not what the certificate says: it may
   * begin earlier, for readers whose clock is not Lazuli's.
   */
  readonly lifetime?: { readonly from: number; readonly to: number }
}

export const recordOf = ({ body }: Pick<VaultObject, 'body'>) => body as CertificateRecord
export const versionBodyOf = ({ body }: Pick<ObjectVersion, 'body'>) => body as CertificateVersion
export const isIssued = (version: Pick<ObjectVersion, 'body'>) => versionBodyOf(version).cer !== undefined
