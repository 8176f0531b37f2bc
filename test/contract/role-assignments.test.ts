import { inBothWays } from './ways.ts'

inBothWays('role-assignments')
