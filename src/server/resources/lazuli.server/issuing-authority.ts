import { operation } from '../../door/operation.ts'

/** The root that certificates of the issuer `Lazuli` lead to, for whoever wants to trust them. */
export const issuingAuthority = operation({
  name: 'Lazuli.Server/issuingAuthority/read',
  route: 'GET /providers/Lazuli.Server/issuingAuthority',
  access: { verb: 'read', action: 'Lazuli.Server/issuingAuthority/read', on: () => '/' },
  async run(cx) {
    const root = await cx.issuingAuthority.root()
    return Response.json({ subject: root.subject, certificate: root.toString() })
  },
})
