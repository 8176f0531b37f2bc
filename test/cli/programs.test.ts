import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launcher } from '../server-process.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import { environment } from './lazuli.ts'

let server: Lazuli
const ends: (() => unknown)[] = []
before(async () => {
  server = await startLazuli({ after: (end: () => unknown) => ends.push(end) } as Parameters<typeof startLazuli>[0])
})
after(async () => {
  for (const end of ends) await end()
})

const variables = (text: string) =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map(line => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  )

function expected(proxy: string): Record<string, string> {
  const bundle = join(server.directory, 'ca-bundle.pem')
  return {
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    https_proxy: proxy,
    http_proxy: proxy,
    NO_PROXY: 'localhost,127.0.0.1,::1',
    no_proxy: 'localhost,127.0.0.1,::1',
    NODE_EXTRA_CA_CERTS: join(server.directory, 'ca.pem'),
    NODE_USE_ENV_PROXY: '1',
    REQUESTS_CA_BUNDLE: bundle,
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    AZURE_CONFIG_DIR: join(server.directory, 'azure'),
  }
}

test('a program gets the environment in which Azure is Lazuli, and keeps the rest of its own', async () => {
  const { exitCode, stdout } = await server.exec(['env'], { env: { MINE: 'kept', HTTPS_PROXY: 'http://elsewhere' } })
  assert.equal(exitCode, 0)
  const seen = variables(stdout)
  assert.partialDeepStrictEqual(seen, { ...expected(server.env.proxy), MINE: 'kept', HOME: seen.HOME })
})

test('a shell that evaluates lazuli env gets the same environment', async () => {
  const printed = await server.command(['env'])
  const { stdout } = await server.run(['sh', '-c', `${printed.stdout}\nenv`])
  assert.partialDeepStrictEqual(variables(stdout), expected(server.env.proxy))
})

test('GitHub’s format has one variable a line, and no secret', async () => {
  const { stdout } = await server.command(['env', '--format', 'github'])
  assert.partialDeepStrictEqual(variables(stdout), expected(server.env.proxy))
  for (const secret of [server.env.admin.clientSecret, server.env.admin.password]) assert.ok(!stdout.includes(secret))
})

test('the exit code, arguments, input and output of a program are its own', async () => {
  const script = 'cat; echo "$1|$2" >&2; exit 42'
  const ended = await server.exec(['sh', '-c', script, 'sh', 'a b', '--json'], { stdin: 'from outside' })
  assert.deepEqual(ended, { exitCode: 42, stdout: 'from outside', stderr: 'a b|--json\n' })
})

test('a program that is not there is said to be missing, with the exit code of a shell', async () => {
  const { exitCode, stderr } = await server.exec(['no-such-program'])
  assert.equal(exitCode, 127)
  assert.match(stderr, /no-such-program is not there/)
})

test('a signal goes on to the program, and its death by a signal is ours', async t => {
  const script = 'trap "echo caught; kill -KILL $$" TERM; echo ready; while :; do sleep 0.05; done'
  const argv = [launcher, 'exec', '--data', server.directory, '--', 'sh', '-c', script]
  const child = spawn(process.execPath, argv, { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output === 'ready\n') child.kill('SIGTERM')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.equal(output, 'ready\ncaught\n')
  assert.equal(child.signalCode, 'SIGKILL')
})

test('shell starts the user’s own shell in that environment', async () => {
  const { exitCode, stdout } = await server.command(['shell'], {
    env: { SHELL: '/bin/sh' },
    stdin: 'echo $https_proxy; exit 3\n',
  })
  assert.deepEqual({ exitCode, stdout }, { exitCode: 3, stdout: `${server.env.proxy}\n` })
})

test('curl reaches Azure’s resource manager by its public name, with TLS verified', async () => {
  const { exitCode, stdout, stderr } = await server.exec([
    ...['curl', '-sS', '-w', '\n%{http_code} %{ssl_verify_result}'],
    'https://management.azure.com/subscriptions?api-version=2022-12-01',
  ])
  assert.equal(exitCode, 0, stderr)
  const [body = '', status] = stdout.split('\n')
  assert.equal(status, '401 0')
  assert.equal(JSON.parse(body).error.code, 'AuthenticationFailed')
})

test('the metadata address answers for the machine or identity of --as, and for nobody without it', async () => {
  const group = `${server.subscription}/resourceGroups/acting`
  await server.arm('PUT', `${group}?api-version=2021-04-01`, { body: { location: 'westeurope' } })
  const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/actor`
  const made = await server.arm('PUT', `${identity}?api-version=2023-01-31`, { body: { location: 'westeurope' } })
  assert.equal(made.status, 201)

  const address =
    'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/'
  const ask = ['curl', '-sS', '-H', 'Metadata: true', '-w', '\n%{http_code}', address]
  for (const as of ['actor', 'ACTOR', identity]) {
    const { stdout } = await server.exec(ask, { as })
    const [body = '', status] = stdout.split('\n')
    assert.equal(status, '200', stdout)
    assert.equal(JSON.parse(body).client_id, made.body.properties.clientId)
  }
  assert.match((await server.exec(ask)).stdout, /\n404$/)
  const nobody = await server.exec(ask, { as: 'nobody' })
  assert.equal(nobody.exitCode, 3)
  assert.match(nobody.stderr, /no machine and no user-assigned identity named 'nobody'/)
})

test('ssh to a machine that does not exist is exit code 3', async () => {
  const { exitCode, stderr } = await server.command(['ssh', 'no-machine'])
  assert.equal(exitCode, 3)
  assert.match(stderr, /There is no machine no-machine/)
})

test('the clock is shown, moved from where it is, and put back', async () => {
  const shift = async (...argv: string[]) =>
    JSON.parse((await server.command(['clock', ...argv, '--json'])).stdout).shiftMs
  const day = 86_400_000
  assert.equal(await shift(), 0)
  assert.equal(await shift('+30d'), 30 * day)
  assert.equal(await shift('-1d'), 29 * day)
  assert.equal(await shift(), 29 * day)
  const { stdout } = await server.command(['clock'])
  assert.match(stdout, /\(real time \+29d\)$/m)
  assert.equal(await shift('reset'), 0)
})
