import { inBothWays } from './ways.ts'

inBothWays('user-assigned-identities')
