import { SettingsFailure } from './failure.ts'
import { commandsSchema, reloadSchema } from './schema.ts'
import type { AfterRenewal } from './wish.ts'

/** `{"reload":"nginx.service"}`, one command as a list of words, or a list of such commands. Throws SettingsFailure. */
export function readAfterRenewal(value: unknown, setting: string): AfterRenewal | undefined {
  if (value === undefined || value === null) return undefined
  const reload = reloadSchema.safeParse(value).data?.reload
  if (reload !== undefined) {
    if (/^[\w@:.\\-]+\.(service|socket|target|path|timer)$/.test(reload) && !reload.startsWith('-')) return { reload }
    throw new SettingsFailure(
      `invalid ${setting}.reload`,
      `${setting}.reload is '${reload}'; the name of a unit is expected, with its ending, such as "nginx.service".`,
    )
  }
  const commands = commandsSchema
    .safeParse(value)
    .data?.flatMap(([program, ...args]) =>
      program?.startsWith('/') && ![program, ...args].some(word => word.includes('\0'))
        ? [[program, ...args] as const]
        : [undefined],
    )
  const known = commands?.filter(one => one !== undefined)
  if (commands && known && known.length === commands.length) return { commands: known }
  throw new SettingsFailure(
    `invalid ${setting}`,
    `${setting} must be {"reload":"<unit>"} or a command as a list of words with an absolute path first, such as ["/usr/sbin/nginx","-s","reload"].`,
  )
}
