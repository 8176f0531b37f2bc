/** The numbers by which Azure's agent tells what went wrong with a handler. */
export const codes = {
  unknown: -1,
  ok: 0,
  manifestMissing: 1002,
  manifestUnreadable: 1003,
  download: 1004,
  extraction: 1005,
  install: 1007,
  update: 1008,
  enable: 1009,
  disable: 1010,
  timeout: 1011,
  badStatus: 1012,
} as const

/** What the report says of a handler that could not be brought to where it is to be. */
export class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
