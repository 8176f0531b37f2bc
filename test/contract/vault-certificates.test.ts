import { inBothWays } from './ways.ts'

inBothWays('vault-certificates')
