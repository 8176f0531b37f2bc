import JSON5 from 'json5'
import * as z from 'zod'
import { refuseTooDeep } from '../../door/body.ts'
import { inWords } from '../../in-words.ts'
import { invalidContent, invalidTemplate, notSupportedYet } from './errors.ts'

const named = <T extends z.ZodType>(value: T) => z.record(z.string(), value)
const absent = (value: unknown) => value ?? undefined
const optional = <T extends z.ZodType>(value: T) => z.preprocess(absent, value.optional())

const parameterDefinition = z.looseObject({
  type: z.string(),
  defaultValue: z.unknown().optional(),
  allowedValues: optional(z.array(z.unknown())),
  minValue: optional(z.number()),
  maxValue: optional(z.number()),
  minLength: optional(z.number()),
  maxLength: optional(z.number()),
})
export type ParameterDefinition = z.infer<typeof parameterDefinition>

const resourceShape = z.looseObject({
  name: z.string(),
  type: z.string(),
  apiVersion: z.string(),
  condition: optional(z.union([z.boolean(), z.string()])),
  dependsOn: optional(z.array(z.string())),
  scope: optional(z.string()),
  resourceGroup: optional(z.string()),
  subscriptionId: optional(z.string()),
})
export type TemplateResource = z.infer<typeof resourceShape> & { readonly resources?: readonly TemplateResource[] }

const resource: z.ZodType<TemplateResource> = resourceShape.extend({
  get resources() {
    return optional(z.array(resource))
  },
}) as unknown as z.ZodType<TemplateResource>

const template = z.looseObject({
  $schema: z.string(),
  contentVersion: z.string(),
  parameters: optional(named(parameterDefinition)),
  variables: optional(named(z.unknown())),
  resources: z.array(resource),
  outputs: optional(named(z.looseObject({ type: z.string(), value: z.unknown().optional() }))),
})
export type Template = z.infer<typeof template>

const vaultReference = z.looseObject({
  keyVault: z.looseObject({ id: z.string() }),
  secretName: z.string().min(1),
  secretVersion: optional(z.string()),
})
/** A parameter whose value is a secret in a vault. */
export type VaultReference = z.infer<typeof vaultReference>

const given = z.looseObject({ value: z.unknown().optional(), reference: optional(vaultReference) })

const properties = z.looseObject({
  mode: z.string(),
  template: optional(z.unknown()),
  templateLink: z.unknown().optional(),
  parameters: optional(named(given)),
})

const body = z.looseObject({
  location: optional(z.string()),
  tags: optional(named(z.string())),
  properties,
})

/** Azure's limits for one template. */
const most = { parameters: 256, variables: 512, resources: 800, outputs: 64 } as const

function checkCounts({ parameters = {}, variables = {}, outputs = {}, resources }: Template): void {
  const counts = {
    parameters: Object.keys(parameters).length,
    variables: Object.keys(variables).length,
    resources: countOf(resources),
    outputs: Object.keys(outputs).length,
  }
  for (const name of Object.keys(most) as (keyof typeof most)[]) {
    if (counts[name] > most[name])
      throw invalidTemplate(
        `The number of template ${name} limit exceeded. Limit: '${most[name]}' and actual: '${counts[name]}'`,
      )
  }
}

const countOf = (resources: readonly TemplateResource[]): number =>
  resources.reduce((count, { resources: children = [] }) => count + 1 + countOf(children), 0)

export type DeploymentWish = {
  readonly location?: string
  readonly tags?: Record<string, string>
  readonly template: Template
  readonly parameters: Readonly<Record<string, z.infer<typeof given>>>
}

/**
 * The body of a deployment. az pastes template files into it as they are, so it is read as JSON5: with comments, and
 * with keys that are not quoted. Throws 400.
 */
export function readDeployment(text: string): DeploymentWish {
  const read = body.safeParse(parsed(text), { error: inWords })
  if (!read.success) throw invalidContent(firstIssue(read.error))
  const { location, tags, properties } = read.data
  if (properties.templateLink) throw notSupportedYet('it is to be fetched from a link')
  if (properties.mode.toLowerCase() !== 'incremental') throw notSupportedYet(`its mode is '${properties.mode}'`)
  const checked = template.safeParse(properties.template, { error: inWords })
  if (!checked.success) throw invalidTemplate(firstIssue(checked.error))
  checkCounts(checked.data)
  return {
    ...(location === undefined ? {} : { location }),
    ...(tags === undefined ? {} : { tags }),
    template: checked.data,
    parameters: properties.parameters ?? {},
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON5.parse(text)
    if (typeof value === 'object' && value !== null) refuseTooDeep(value)
    return value
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidContent(error.message)
    throw error
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues
  return `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not understood'}`
}
