import { HandlerFailure } from '../../handler/failure.ts'

/**
 * Settings that cannot be followed. The first words are those of Azure's extension, to the letter: people search for
 * them. What helps comes after.
 */
export class SettingsFailure extends HandlerFailure {
  readonly reason: string
  readonly hint: string

  constructor(reason: string, hint: string) {
    super(`Failed to parse the configuration settings with: '${reason}'. ${hint}`)
    this.reason = reason
    this.hint = hint
  }

  /** The same for the log. */
  get logged(): string {
    return `Failed to parse the configuration settings with:${this.reason}. ${this.hint}`
  }
}
