import { readForm } from '../../door/body.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import { type Authority, publicAliases, requireTenant, styleOf } from './authority.ts'
import { findClient } from './client.ts'
import { deviceCodeLifetimeSec, putDeviceRequest } from './device-codes.ts'
import { missingParameter } from './refusals/request.ts'
import { personWish } from './scopes.ts'

const pollEverySec = 2

/** A program without a browser begins to sign its person in. */
export const deviceAuthorization = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: 'authority/devicecode',
    route: `POST /:tenant/oauth2${version === 'v2' ? '/v2.0' : ''}/devicecode`,
    access: { open: 'nobody is signed in yet; the codes are worth nothing before somebody has signed in with them' },
    changes: true,
    async run(cx) {
      const { tenant = '' } = cx.params
      requireTenant(authority, tenant)
      const style = styleOf(tenant, version)
      const form = await readForm(cx.request)
      const id = form.get('client_id') ?? cx.url.searchParams.get('client_id')
      if (!id) throw missingParameter('client_id')
      const client = await findClient(cx, authority, id)
      const wish = await personWish(cx, form, style)
      if (!wish) throw missingParameter(style === 'v1' ? 'resource' : 'scope')

      const request = { clientId: client.clientId, clientName: client.displayName, wish }
      const { deviceCode, userCode } = await cx.store.write(tx => putDeviceRequest(tx, request, cx.now))
      const page = `${pageOrigin(cx, authority)}/${style === 'adfs' ? 'adfs' : 'common'}/oauth2/deviceauth`
      const message = `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`
      const codes = { user_code: userCode, device_code: deviceCode, message }
      return Response.json(
        style === 'v1'
          ? {
              ...codes,
              verification_url: page,
              expires_in: String(deviceCodeLifetimeSec),
              interval: String(pollEverySec),
            }
          : { ...codes, verification_uri: page, expires_in: deviceCodeLifetimeSec, interval: pollEverySec },
        { headers: { 'Cache-Control': 'no-store' } },
      )
    },
  })

/** The person's browser does not go through our proxy: under one of Azure's names it would end up at Azure. */
const pageOrigin = (cx: Context, { config }: Authority): string =>
  publicAliases.includes(cx.url.host) ? `https://localhost:${config.port}` : cx.url.origin
