import { randomUUID } from 'node:crypto'

/** Strong, and another one after every change. Opaque to clients, in the form that the blob service gives it. */
export const newEtag = () => `0x8D${randomUUID().replaceAll('-', '').slice(0, 13).toUpperCase()}`
