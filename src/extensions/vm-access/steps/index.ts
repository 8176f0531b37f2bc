import type { Step } from '../plan.ts'
import type { Kind, StepKind } from '../step.ts'
import { allowKeys, createUser, removeUser, renewPasswordAge, setExpiration, setPassword } from './accounts.ts'
import { openFirewall } from './firewall.ts'
import { repairKeys } from './host-keys.ts'
import { setKeys } from './keys.ts'
import { admit, admitAsNeeded, forgetAdmission, resetSsh, restoreSsh } from './ssh.ts'
import { grantSudo, includeSudoers } from './sudo.ts'

const kinds: { readonly [D in Step['do']]: Kind<D> } = {
  'remove-user': removeUser,
  'create-user': createUser,
  'set-password': setPassword,
  'allow-keys': allowKeys,
  'set-expiration': setExpiration,
  'renew-password-age': renewPasswordAge,
  'include-sudoers': includeSudoers,
  'grant-sudo': grantSudo,
  'set-keys': setKeys,
  'repair-host-keys': repairKeys,
  'reset-ssh': resetSsh,
  'restore-ssh': restoreSsh,
  admit,
  'admit-as-needed': admitAsNeeded,
  'forget-admission': forgetAdmission,
  'open-firewall': openFirewall,
}

/** How a step is done. The table gives each kind its own steps, which types cannot follow through a look-up. */
export const kindOf = (step: Step): StepKind => kinds[step.do] as unknown as StepKind
