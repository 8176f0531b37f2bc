/**
 * Which package archives an image of the host's own distribution is built from: the ones the host itself trusts for
 * its own release. Both spellings of sources.list(5) are read.
 */

export type Distribution = {
  readonly id: string
  readonly codename: string
  readonly name: string
  readonly version: string
}

type Source = {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  readonly signedBy: string | undefined
}

/** Where jq, acl and the rest live: Ubuntu keeps some of them in universe. */
const wantedComponents = ['main', 'universe']

/** Reads os-release(5); undefined when the distribution has no code name and so no archive of its own. */
export function parseDistribution(osRelease: string): Distribution | undefined {
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1]
  const [id, codename] = [field('ID'), field('VERSION_CODENAME')]
  if (!id || !codename) return undefined
  return { id, codename, name: field('NAME') ?? id, version: field('VERSION_ID') ?? codename }
}

/**
 * The distribution's own archives among `files` (the texts of sources.list and sources.list.d), as lines for
 * mmdebstrap. Vendors' repositories are left out: they have a suite of their own, or are signed by a key of their own.
 */
export function ownArchives(
  files: readonly { name: string; text: string }[],
  { id, codename }: Distribution,
): string[] {
  const suites = [codename, `${codename}-updates`, `${codename}-security`]
  return files
    .flatMap(({ name, text }) => (name.endsWith('.sources') ? parseStanzas(text) : parseLines(text)))
    .filter(source => suites.includes(source.suite) && source.components.includes('main'))
    .filter(source => source.signedBy === undefined || source.signedBy.includes(`${id}-archive`))
    .map(line)
    .filter((text, index, all) => all.indexOf(text) === index)
}

function line({ uri, suite, components, signedBy }: Source): string {
  const option = signedBy === undefined ? '' : `[signed-by=${signedBy}] `
  return `deb ${option}${uri} ${suite} ${wantedComponents.filter(name => components.includes(name)).join(' ')}`
}

/** One-line style: `deb [option=value …] uri suite component…`. */
function parseLines(text: string): Source[] {
  return text.split('\n').flatMap(raw => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]*)/.exec(raw)
    if (!match) return []
    const [, options = '', uri = '', suite = '', components = ''] = match
    return [{ uri, suite, components: words(components), signedBy: /signed-by=(\S+)/.exec(options)?.[1] }]
  })
}

/** deb822 style: stanzas of `Field: value`, where a value goes on in indented lines and each suite is a source. */
function parseStanzas(text: string): Source[] {
  const withoutComments = text.replace(/^#.*\n?/gm, '')
  return withoutComments.split(/\n\s*\n/).flatMap(stanza => {
    const field = (name: string) => new RegExp(`^${name}:((?:.*(?:\\n[ \\t].*)*))`, 'im').exec(stanza)?.[1]?.trim()
    if (!words(field('Types') ?? '').includes('deb') || field('Enabled')?.toLowerCase() === 'no') return []
    const signedBy = field('Signed-By')
    return words(field('URIs') ?? '').flatMap(uri =>
      words(field('Suites') ?? '').map(suite => ({
        uri,
        suite,
        components: words(field('Components') ?? ''),
        signedBy,
      })),
    )
  })
}

const words = (text: string): string[] => text.split(/\s+/).filter(word => word !== '')
