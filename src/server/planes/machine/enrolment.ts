import { X509Certificate } from 'node:crypto'
import { enrolment } from '../../../wire/agent-report.ts'
import { checked } from '../../arm/envelope.ts'
import { invalidParameter } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { storedMachineOf } from '../../machines/facts.ts'
import { ownMachine } from './own-machine.ts'

/** An agent that starts says what secrets are to be encrypted for. */
export const enrol = operation<'write'>({
  name: 'Lazuli.Machine/enrolment/write',
  route: 'PUT /enrolment',
  access: { ownMachine: 'a certificate is good for the secrets of the machine that shows it' },
  async run(cx) {
    const { machineId, vm } = await ownMachine(cx)
    const { certificate } = checked(enrolment, await readJson(cx.request))
    if (!isRsaCertificate(certificate)) throw invalidParameter('certificate', 'An RSA certificate was expected.')
    if (storedMachineOf(vm).certificate !== certificate) {
      await cx.store.write(async tx => {
        const now = await tx.resources.get(cx.grant, vm.id)
        if (!now) return
        await tx.resources.put(cx.grant, now.id, { ...now.body, machine: { ...storedMachineOf(now), certificate } })
      })
      cx.agents.wake(machineId)
    }
    return new Response(null, { status: 204 })
  },
})

function isRsaCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).publicKey.asymmetricKeyType === 'rsa'
  } catch {
    // OpenSSL has many words for what is no certificate.
    return false
  }
}
