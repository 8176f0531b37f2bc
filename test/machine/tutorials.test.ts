import { test } from 'node:test'
import { shellInside } from '../contract/curl.ts'
import { dataLakeTutorial } from '../contract/data-lake-tutorial.ts'
import { keyTutorial, sasTutorial, storageTutorial } from '../contract/storage-tutorials.ts'
import { keyVaultTutorial, systemAssignedTutorial, userAssignedTutorial } from '../contract/tutorials.ts'
import { startLazuli } from '../start.ts'
import { newKey } from './ssh-key.ts'

test('inside a machine, the tutorial for system-assigned identities goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await systemAssignedTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorial for user-assigned identities goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await userAssignedTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorial for Key Vault goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await keyVaultTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorial for Data Lake Store goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await dataLakeTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorials for storage go as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  for (const tutorial of [storageTutorial, sasTutorial, keyTutorial])
    await tutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})
