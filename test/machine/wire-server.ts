/**
 * As much of Azure's wire server and host plugin as Azure's guest agent asks for: goal states, certificates, packages,
 * and a place for its reports. Every request comes from inside the machine.
 */

import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { envelopedData } from '../../src/server/certificates/enveloped-data.ts'

const execute = promisify(execFile)

export const wireAddress = '168.63.129.16'

export type Plugin = {
  /** `Publisher.Type` */
  readonly handler: string
  readonly version: string
  /** The package, on this host. */
  readonly archive: string
  readonly state: 'enabled' | 'uninstall'
  readonly sequence: number
  readonly publicSettings: object
  readonly protectedSettings?: object
}

/** What the agent says of a handler: its part of `aggregateStatus`. */
export type HandlerStatus = {
  readonly handlerName: string
  readonly handlerVersion: string
  readonly status: string
  readonly code: number
  readonly formattedMessage?: { readonly message: string }
  readonly runtimeSettingsStatus?: {
    readonly sequenceNumber: number
    readonly settingsStatus: {
      readonly status: {
        readonly operation: string
        readonly status: string
        readonly code: string
        readonly formattedMessage: { readonly message: string }
        readonly substatus?: readonly unknown[]
      }
    }
  }
}

type Report = {
  readonly aggregateStatus: {
    readonly guestAgentStatus: { readonly version: string; readonly status: string }
    readonly handlerAggregateStatus: readonly HandlerStatus[]
  }
}

export type WireServer = {
  /** Answers at the machine's addresses: give it connections. */
  readonly server: Server
  /** A new goal state. */
  want(plugins: readonly Plugin[]): void
  /** The next report that is as wanted; the last one, too. */
  reported(isIt: (report: Report) => boolean): Promise<Report>
  /** All that was asked for and is not known here. */
  readonly unknown: readonly string[]
}

/** `folder` is for keys. */
export async function openWireServer(folder: string): Promise<WireServer> {
  const tenant = await newCertificate(folder)
  const unknown: string[] = []
  const waiting = new Set<(report: Report) => void>()
  let last: Report | undefined
  let incarnation = 0
  let plugins: readonly Plugin[] = []

  const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>> = {
    'GET /?comp=versions': () => '<Versions><Supported><Version>2012-11-30</Version></Supported></Versions>',
    'GET /machine/?comp=goalstate': () => goalState(incarnation),
    'GET /hostingEnvironmentConfig': () =>
      '<HostingEnvironmentConfig><Deployment name="d"/><Incarnation instance="vm"/><Role name="r"/></HostingEnvironmentConfig>',
    'GET /sharedConfig': () => '<SharedConfig/>',
    'GET /extensionsConfig': () => extensionsConfig(incarnation, plugins, tenant),
    'GET /certificates': request => certificates(folder, String(request.headers['x-ms-guest-agent-public-x509-cert'])),
    'POST /machine?comp=health': () => '',
    'POST /machine?comp=telemetrydata': () => '',
    'POST /machine?comp=roleProperties': () => '',
    'POST /HealthService': () => '',
    'GET /versions': () => '["2015-09-01"]',
    'PUT /vmAgentLog': () => '',
    'GET /health': () => '',
    'PUT /status': async request => {
      const { content } = (await json(request)) as { content: string }
      const report: Report = JSON.parse(Buffer.from(content, 'base64').toString('utf8'))
      last = report
      for (const tell of waiting) tell(report)
      return ''
    },
  }

  const server = createServer(async (request, response) => {
    const target = `${request.method} ${request.url}`
    const [, handler, what] = /^GET \/(manifest|package)\/(.*)$/.exec(target) ? target.split(/[/]/) : []
    const plugin = plugins.find(one => one.handler === what)
    if (plugin && handler === 'manifest') return response.end(manifest(plugin))
    if (plugin) return pipeline(createReadStream(plugin.archive), response)
    const answer = answers[target]
    // It asks for news in another form first; who does not know it is asked for this one.
    if (!answer && !/vmSettings|metadata/.test(target)) unknown.push(target)
    const body = answer ? String(await answer(request, response)) : ''
    if (!request.complete) await text(request)
    response.writeHead(answer ? 200 : 404).end(body)
  })

  return {
    server,
    unknown,
    want(next) {
      plugins = next
      incarnation += 1
    },
    reported(isIt) {
      const known = last
      if (known && isIt(known)) return Promise.resolve(known)
      return new Promise(resolve => {
        const look = (report: Report) => {
          if (!isIt(report)) return
          waiting.delete(look)
          resolve(report)
        }
        waiting.add(look)
      })
    },
  }
}

type Certificate = { readonly pem: string; readonly thumbprint: string }

/** `tenant.pfx` in the folder is what the agent gets. */
async function newCertificate(folder: string): Promise<Certificate> {
  const [key, crt, pfx] = ['key', 'crt', 'pfx'].map(ending => join(folder, `tenant.${ending}`))
  const subject = ['-subj', '/CN=Windows Azure CRP Certificate Generator', '-days', '1']
  await execute('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    ...subject,
    '-keyout',
    `${key}`,
    '-out',
    `${crt}`,
  ])
  await execute('openssl', [
    'pkcs12',
    '-export',
    '-passout',
    'pass:',
    '-inkey',
    `${key}`,
    '-in',
    `${crt}`,
    '-out',
    `${pfx}`,
  ])
  const pem = await readFile(`${crt}`, 'utf8')
  const { raw } = new X509Certificate(pem)
  return { pem, thumbprint: createHash('sha1').update(raw).digest('hex').toUpperCase() }
}

/** The key, encrypted for the certificate that the agent has made for itself. */
async function certificates(folder: string, agentCertificate: string): Promise<string> {
  const file = join(folder, 'agent.crt')
  await writeFile(file, `-----BEGIN CERTIFICATE-----\n${lined(agentCertificate)}-----END CERTIFICATE-----\n`)
  const args = ['cms', '-encrypt', '-binary', '-des3', '-outform', 'DER', '-in', join(folder, 'tenant.pfx'), file]
  const { stdout } = await execute('openssl', args, { encoding: 'buffer' })
  return `<CertificateFile><Version>2012-11-30</Version><Incarnation>1</Incarnation><Format>Pkcs7BlobWithPfxContents</Format><Data>${lined(stdout.toString('base64'))}</Data></CertificateFile>`
}

/** In lines, as openssl reads it. */
const lined = (base64: string) => base64.replace(/.{1,64}/g, '$&\n')

const goalState = (incarnation: number) => {
  const at = (path: string) => `http://${wireAddress}/${path}`
  return `<GoalState><Version>2012-11-30</Version><Incarnation>${incarnation}</Incarnation>
<Machine><ExpectedState>Started</ExpectedState></Machine>
<Container><ContainerId>c</ContainerId><RoleInstanceList><RoleInstance><InstanceId>i</InstanceId><State>Started</State>
<Configuration><HostingEnvironmentConfig>${at('hostingEnvironmentConfig')}</HostingEnvironmentConfig>
<SharedConfig>${at('sharedConfig')}</SharedConfig><ExtensionsConfig>${at('extensionsConfig')}</ExtensionsConfig>
<Certificates>${at('certificates')}</Certificates><ConfigName>c</ConfigName></Configuration>
</RoleInstance></RoleInstanceList></Container></GoalState>`
}

function extensionsConfig(incarnation: number, plugins: readonly Plugin[], tenant: Certificate): string {
  const manifests = plugins.map(
    ({ handler, version, state }) =>
      `<Plugin name="${handler}" version="${version}" location="http://${wireAddress}/manifest/${handler}" failoverlocation="" state="${state}" autoUpgrade="false" runAsStartupTask="false" isJson="true" useExactVersion="true"/>`,
  )
  const settings = plugins.map(
    ({ handler, version, sequence, ...wish }) =>
      `<Plugin name="${handler}" version="${version}"><RuntimeSettings seqNo="${sequence}">${escaped(runtimeSettings(wish, tenant))}</RuntimeSettings></Plugin>`,
  )
  return `<Extensions version="1.0.0.0" goalStateIncarnation="${incarnation}"><GuestAgentExtension><GAFamilies/></GuestAgentExtension>
<Plugins>${manifests.join('')}</Plugins><PluginSettings>${settings.join('')}</PluginSettings>
<StatusUploadBlob statusBlobType="BlockBlob">http://${wireAddress}/blob</StatusUploadBlob>
<InVMGoalStateMetaData inSvdSeqNo="${incarnation}" createdOnTicks="${638_000_000_000_000_000 + incarnation}" activityId="00000000-0000-4000-8000-00000000000${incarnation % 10}" correlationId="00000000-0000-4000-8000-00000000000${incarnation % 10}"/></Extensions>`
}

function runtimeSettings(
  { publicSettings, protectedSettings }: Pick<Plugin, 'publicSettings' | 'protectedSettings'>,
  { pem, thumbprint }: Certificate,
): string {
  const secret = protectedSettings && envelopedData(JSON.stringify(protectedSettings), pem).toString('base64')
  const handlerSettings = {
    publicSettings,
    protectedSettings: secret ?? null,
    protectedSettingsCertThumbprint: secret ? thumbprint : null,
  }
  return JSON.stringify({ runtimeSettings: [{ handlerSettings }] })
}

const escaped = (words: string) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const manifest = ({ handler, version }: Plugin) =>
  `<PluginVersionManifest><Plugins><Plugin><Version>${version}</Version><Uris><Uri>http://${wireAddress}/package/${handler}</Uri></Uris></Plugin></Plugins></PluginVersionManifest>`
