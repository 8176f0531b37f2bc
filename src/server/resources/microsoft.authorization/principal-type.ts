import type { Principal } from '../../store/principals.ts'

/** What role assignments call the kind of a principal. */
export const principalTypeOf = ({ kind }: Pick<Principal, 'kind'>): 'User' | 'ServicePrincipal' =>
  kind === 'user' ? 'User' : 'ServicePrincipal'
