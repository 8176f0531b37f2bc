import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { formatPublicKey, sshPublicKey, sshString } from './public-key.ts'

export type KeyPair = { readonly publicKey: string; readonly privateKey: string }

const generate = promisify(generateKeyPair)

/**
 * Makes a key pair off the event loop. RSA has 4096 bits and the private form `-----BEGIN RSA PRIVATE KEY-----`
 * (PKCS#1), as Azure hands it out; Ed25519 has no PEM form that OpenSSH reads, so it comes in OpenSSH's own.
 */
export async function generateSshKeyPair(kind: 'RSA' | 'Ed25519', comment: string): Promise<KeyPair> {
  if (kind === 'RSA') {
    const { publicKey, privateKey } = await generate('rsa', { modulusLength: 4096 })
    return {
      publicKey: formatPublicKey(sshPublicKey(publicKey, comment)),
      privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    }
  }
  const { publicKey, privateKey } = await generate('ed25519')
  return {
    publicKey: formatPublicKey(sshPublicKey(publicKey, comment)),
    privateKey: opensshPrivateKey(privateKey, publicKey, comment),
  }
}

/** OpenSSH's PROTOCOL.key, without a passphrase. */
function opensshPrivateKey(privateKey: KeyObject, publicKey: KeyObject, comment: string): string {
  const { blob } = sshPublicKey(publicKey, comment)
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' })
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]
  // Written twice: with a passphrase, a reader tells by them whether it decrypted rightly.
  const check = randomBytes(4)
  const secret = Buffer.concat([
    check,
    check,
    sshString('ssh-ed25519'),
    sshString(point),
    sshString(Buffer.concat([seed, point])),
    sshString(comment),
  ])
  const blockSize = 8
  const padding = Buffer.from(
    Array.from({ length: (blockSize - (secret.length % blockSize)) % blockSize }, (_, i) => i + 1),
  )
  const one = Buffer.from([0, 0, 0, 1])
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    one,
    sshString(blob),
    sshString(Buffer.concat([secret, padding])),
  ])
  const lines = body.toString('base64').match(/.{1,70}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}
