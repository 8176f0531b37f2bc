import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createDurably, readIfPresent, writeDurably } from '../server/store/durable-file.ts'
import type { Installation } from './installation.ts'

/**
 * Signs the real `az` in as the administrator by writing what `az login --service-principal` would leave in its
 * configuration folder. That takes no second, needs no az, and puts the secret into no command line. Both files have had
 * this form since az 2.30; `encrypt_token_cache` says that we write them as plain text, which the folder (0700) allows.
 *
 * Done once for each administrator: whoever signs in as somebody else in there, or signs out, means it.
 */
export async function signInAz({ administrator }: Installation, folder: string): Promise<void> {
  const marker = join(folder, 'signed-in')
  const { tenantId, clientId, clientSecret, subscriptionId } = administrator
  const identity = `${tenantId} ${clientId}\n`
  await writeAzConfig(folder)
  if ((await readIfPresent(marker)) === identity) return

  await writeDurably(
    join(folder, 'service_principal_entries.json'),
    JSON.stringify([{ client_id: clientId, tenant: tenantId, client_secret: clientSecret }]),
    { mode: 0o600 },
  )
  const subscription = {
    id: subscriptionId,
    name: 'Lazuli',
    state: 'Enabled',
    user: { name: clientId, type: 'servicePrincipal' },
    isDefault: true,
    tenantId,
    homeTenantId: tenantId,
    environmentName: 'AzureCloud',
    managedByTenants: [],
  }
  await writeDurably(join(folder, 'azureProfile.json'), JSON.stringify({ subscriptions: [subscription] }), {
    mode: 0o600,
  })
  await writeDurably(marker, identity, { mode: 0o600 })
}

/** az asks nobody's permission to report home or to look for updates; here it would find no one. */
export async function writeAzConfig(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const config = `[core]
collect_telemetry = no
encrypt_token_cache = false
first_run = no
survey_message = no

[auto-upgrade]
enable = no
`
  await createDurably(join(folder, 'config'), config, { mode: 0o600 })
  await createDurably(join(folder, 'clouds.config'), imageNames, { mode: 0o600 })
}

/**
 * Where az looks up what `--image UbuntuLTS` means. Its own list lies on GitHub, whose names our CA is not permitted and
 * our proxy passes through untouched; so az is told that this cloud's list is with us. az lays this file over what it
 * knows of the cloud.
 */
const imageNames = `[AzureCloud]
endpoint_vm_image_alias_doc = https://management.azure.com/metadata/vm-image-aliases.json
`
