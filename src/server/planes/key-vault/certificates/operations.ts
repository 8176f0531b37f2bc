import type { Operation } from '../../../door/operation.ts'
import { lifeCycle } from '../objects/life-cycle.ts'
import { certificateKind } from './certificate.ts'
import { contactOperations } from './contact-operations.ts'
import { createCertificate } from './create-certificate.ts'
import { getCertificate } from './get-certificate.ts'
import { importCertificate } from './import-certificate.ts'
import { issuerOperations } from './issuer-operations.ts'
import { mergeCertificate } from './merge-certificate.ts'
import { pendingOperations } from './pending-operations.ts'
import { policyOperations } from './policy-operations.ts'
import { updateCertificate } from './update-certificate.ts'

export const certificateOperations: readonly Operation[] = [
  createCertificate,
  importCertificate,
  ...getCertificate,
  ...updateCertificate,
  ...policyOperations,
  ...pendingOperations,
  mergeCertificate,
  ...contactOperations,
  ...issuerOperations,
  ...lifeCycle(certificateKind),
]
