/**
 * The service's log, in the form and at the place that operators know:
 * /var/log/azure/Microsoft.Azure.KeyVault.KeyVaultForLinux/akvvm_service_<date>_<time>.<n>.log
 */

import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { failureText } from '../../handler/failure.ts'

export type Level = 'info' | 'warning' | 'error'
/** As they are called in Azure's log. */
export type Component = 'Global' | 'VMExtension' | 'CertificateManagementConfiguration' | 'CertificateManager'
export type ServiceLog = (level: Level, component: Component, text: string) => void

const namePattern = /^akvvm_service_\d{8}_\d{6}\.\d+\.log$/
const keptFiles = 10
const fullBytes = 10 * 1024 * 1024

/** `forward` gets each entry as well. */
export function openServiceLog(
  folder: string,
  now: () => Date,
  forward: (entry: { level: Level; component: Component; text: string; at: Date }) => void = () => undefined,
): ServiceLog {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const stamp = now().toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '_')
  let number = 0
  const path = () => join(folder, `akvvm_service_${stamp}.${number}.log`)
  removeOldest(folder)

  return (level, component, text) => {
    const at = now()
    // One entry, one line: what a program or a server said must not look like an entry of its own.
    const oneLine = text.replace(/\s*[\r\n]+\s*/g, ' | ')
    forward({ level, component, text: oneLine, at })
    const time = at.toISOString().slice(0, 19).replace('T', ' ')
    try {
      appendFileSync(path(), `${time}: <${level}> [${component}] ${oneLine}\n`, { mode: 0o600 })
      if (statSync(path()).size < fullBytes) return
      number += 1
      removeOldest(folder)
    } catch (error) {
      // A full disk must not end the service. systemd keeps what is said here.
      process.stderr.write(`${oneLine} (log: ${failureText(error)})\n`)
    }
  }
}

function removeOldest(folder: string): void {
  const logs = readdirSync(folder)
    .filter(name => namePattern.test(name))
    .sort((a, b) => statSync(join(folder, a)).mtimeMs - statSync(join(folder, b)).mtimeMs)
  for (const name of logs.slice(0, Math.max(0, logs.length - keptFiles + 1)))
    rmSync(join(folder, name), { force: true })
}
