import { inBothWays } from './ways.ts'

inBothWays('resource-groups')
