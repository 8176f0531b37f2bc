/** Bytes of a base64url text, as RFC 7515 §2 defines it; padding is tolerated. Undefined when it is anything else. */
export function fromBase64url(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) return undefined
  const bare = text.replace(/=+$/, '')
  return bare.length % 4 === 1 ? undefined : Buffer.from(bare, 'base64url')
}

export const toBase64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
