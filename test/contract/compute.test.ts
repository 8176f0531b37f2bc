import { inBothWays } from './ways.ts'

inBothWays('compute')
