import * as z from 'zod'
import type { WantedCommand } from '../../../../wire/goal-state.ts'
import { checked } from '../../../arm/envelope.ts'
import { accepted } from '../../../arm/long-running.ts'
import type { Job, ResourceAction } from '../../../arm/resource-type.ts'
import { readJson } from '../../../door/body.ts'
import { AzureError } from '../../../errors.ts'
import { vmIdOf } from '../../../machines/facts.ts'
import { commandNeedsRunningMachine, invalidParameter, realMachineNeeded } from '../refusals.ts'
import { knownScript } from './known-scripts.ts'
import { runInMachine } from './run-in-machine.ts'

/** `POST …/virtualMachines/<name>/runCommand`: what `az vm run-command invoke` asks for. */

const wish = z.object({
  commandId: z.string(),
  script: z.array(z.string()).nullish(),
  parameters: z.array(z.object({ name: z.string().nullish(), value: z.string().nullish() })).nullish(),
})

const input = z.object({
  script: z.string(),
  parameters: z.array(z.object({ name: z.string(), value: z.string() })),
})

const limitSec = 90 * 60

export const runCommandAction: ResourceAction = {
  async run(cx, vm) {
    if (cx.machines.kind === 'none') throw realMachineNeeded('runCommand', vm.id.name, cx.machines.missing)
    const { commandId, script, parameters } = checked(wish, await readJson(cx.request))
    const lines = knownScript(commandId) ?? (script ?? []).join('\n')
    if (lines.trim() === '') throw invalidParameter('script', "Required parameter 'script' is missing (null).")
    if ((await cx.machines.powerState(vmIdOf(vm))) !== 'running') throw commandNeedsRunningMachine(vm.id.name)
    const operation = await cx.store.write(tx =>
      cx.asyncWork.plan(tx, cx.grant, {
        kind: 'Microsoft.Compute/virtualMachines/runCommand',
        target: vm.id.text,
        input: {
          script: lines,
          parameters: (parameters ?? []).map(({ name, value }) => ({ name: name ?? '', value: value ?? '' })),
        },
        caller: cx.caller,
      }),
    )
    void cx.asyncWork.begin(operation)
    return accepted(cx.url, operation, 202)
  },
}

/** The result in the form in which Azure's agent words it; scripts cut it apart at `[stdout]` and `[stderr]`. */
export async function runCommandWork(job: Job): Promise<unknown> {
  const { resource, operation } = job
  if (!resource) throw commandNeedsRunningMachine('')
  const { script, parameters } = input.parse(operation.input)
  const command: WantedCommand = {
    ...{ id: operation.id, source: { script }, parameters, protectedParameters: [] },
    ...{ user: 'root', timeoutSec: limitSec },
  }
  const { exitCode, stdout, stderr, problem } = await runInMachine(job, vmIdOf(resource), {
    command,
    name: resource.id.name,
  })
  const output = `\n[stdout]\n${stdout}\n[stderr]\n${stderr}`
  if (exitCode !== 0) {
    const how = problem === '' ? `exit status=${exitCode}` : problem
    throw new AzureError(
      409,
      'VMExtensionProvisioningError',
      `VM has reported a failure when processing extension 'RunCommandLinux'. Error message: "Enable failed: failed to execute command: command terminated with ${how}${output}".`,
    )
  }
  const message = `Enable succeeded: ${output}`
  return {
    value: [{ code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded', message }],
  }
}
