import { type Recipe, serverRecipe } from '../../src/server/machines/image-recipe.ts'

/** A machine of ours with Azure's own guest agent in it, as Debian ships it. */
export const waagentRecipe: Recipe = {
  ...serverRecipe,
  packages: [...serverRecipe.packages, 'waagent'],
  files: [
    ...serverRecipe.files,
    {
      path: '/etc/waagent.conf',
      mode: 0o644,
      text: `Extensions.Enabled=y
Extensions.GoalStatePeriod=1
Provisioning.Agent=disabled
ResourceDisk.Format=n
OS.EnableFirewall=n
AutoUpdate.Enabled=n
`,
    },
    // The unit of the package starts on Hyper-V alone.
    {
      path: '/etc/systemd/system/walinuxagent.service.d/10-anywhere.conf',
      mode: 0o644,
      text: '[Unit]\nConditionVirtualization=\n',
    },
    { path: '/var/lib/waagent/provisioned', mode: 0o644, text: '' },
  ],
}
