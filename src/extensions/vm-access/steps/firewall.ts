import { close, missingOpenings, type Opening, open } from '../../host/firewall.ts'
import { defineStep } from '../step.ts'

export const openFirewall = defineStep<'open-firewall', readonly Opening[]>({
  name: 'firewall',
  before: ({ ports }, { run }) => missingOpenings(ports, run),
  async apply({ ports }, openings, { run }) {
    for (const opening of openings) await open(opening, run)
    const tools = [...new Set(openings.map(({ gate }) => gate.tool))]
    const isLasting = tools.every(tool => tool === 'firewalld' || tool === 'ufw')
    return {
      text: `Opened port ${ports.join(' and ')} in ${tools.join(' and ')}${isLasting ? '' : ', until its rules are loaded anew'}.`,
      changes: openings.map(({ gate, port }) => ({
        what: [
          gate.tool,
          ...('table' in gate ? [gate.family, gate.table] : []),
          ...('chain' in gate ? [gate.chain] : []),
        ].join(' '),
        after: `tcp port ${port} accepted`,
      })),
    }
  },
  async undo(_step, openings, { run }) {
    for (const opening of openings) await close(opening, run)
  },
})
