/** The real az, as a user has it: a command in a PATH, with a home folder of its own for every test. */

import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { ensureLane, enter, type Lane, type Suite } from './lane.ts'

export { lanesMissing } from './lane.ts'

export type Ended = {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output, parsed; fails with standard error when the command failed. */
  json<Shape = unknown>(): Shape
}

export type Options = {
  /** On top of a minimal environment: nothing of the test's own process goes through. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Below /tmp, or the command starts in /. Default: the home folder. */
  readonly cwd?: string
  /**
   * Called with what the command says while it runs, as with the code that `az login --use-device-code` waits for. That
   * one is a warning, which az keeps to itself unless AZURE_CORE_ONLY_SHOW_ERRORS is false.
   */
  readonly onStderr?: (text: string) => void
}

export type Az = {
  /** HOME of the commands; az keeps its sign-in and its clouds in `.azure` below it. Removed after the test. */
  readonly home: string
  /**
   * To put in front of a PATH, so that another program (`lazuli exec -- az …`) finds this `az` and this `python3`. Give it
   * `home` as HOME, too: all but /tmp is read-only for them.
   */
  readonly bin: string
  /** Runs az. Ends with the exit code, never with an exception, unless az takes more than three minutes. */
  az(args: readonly string[], options?: Options): Promise<Ended>
  /** Runs a Python program with the Azure SDK for Python as the same Debian release ships it. */
  python(program: string, options?: Omit<Options, 'stdin'>): Promise<Ended>
}

/**
 * An az that nobody has used before, of Debian trixie (2.74) or bookworm (2.45). The first call on a machine waits until
 * that release is in the cache. Mark the test with `{ skip: lanesMissing }`.
 */
export async function azLane(suite: Suite, t: TestContext): Promise<Az> {
  const lane = await ensureLane(suite)
  const home = await mkdtemp(join(tmpdir(), `az-${suite}-`))
  t.after(() => rm(home, { recursive: true }))
  const [bin, azureConfig] = [join(home, 'bin'), join(home, '.azure')]
  await mkdir(bin)
  await mkdir(azureConfig)
  await copyFile(lane.commandIndex, join(azureConfig, 'commandIndex.json'))
  await writeFile(join(bin, 'az'), azScript(lane, `exec '${enter}' '${lane.root}' az "$@"`), { mode: 0o755 })
  await writeFile(join(bin, 'python3'), `#!/bin/sh\nexec '${enter}' '${lane.root}' python3 "$@"\n`, { mode: 0o755 })

  const run = async (
    name: string,
    args: readonly string[],
    { env = {}, stdin = '', cwd = home, onStderr }: Options,
  ) => {
    const child = spawn(join(bin, name), args, {
      cwd,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, AZURE_CONFIG_DIR: azureConfig, ...env },
      signal: AbortSignal.timeout(180_000),
      killSignal: 'SIGKILL',
    })
    const exit = new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve(code ?? -1))
    })
    if (onStderr) child.stderr.setEncoding('utf8').on('data', onStderr)
    // A program that does not read its input closes the pipe; its exit code says whether that was a failure.
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
    const [exitCode, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)])
    return ended([name, ...args].join(' '), { exitCode, stdout, stderr })
  }
  return {
    home,
    bin,
    az: (args, options = {}) => run('az', args, options),
    python: (program, options = {}) => run('python3', ['-'], { ...options, stdin: program }),
  }
}

/** A script that starts az. `lazuli exec` gives az another folder; there, too, az need not look for its commands first. */
export const azScript = ({ commandIndex }: Lane, start: string) => `#!/bin/sh
index="$AZURE_CONFIG_DIR/commandIndex.json"
if [ -d "$AZURE_CONFIG_DIR" ] && [ ! -e "$index" ]; then cp '${commandIndex}' "$index.$$"; mv "$index.$$" "$index"; fi
${start}
`

function ended(command: string, result: Omit<Ended, 'json'>): Ended {
  return {
    ...result,
    json<Shape>() {
      if (result.exitCode !== 0) throw new Error(`${command} ended with ${result.exitCode}: ${result.stderr}`)
      return JSON.parse(result.stdout) as Shape
    },
  }
}
