import assert from 'node:assert/strict'

/** That a tour has shown, in this order: a token, the refusal, the role assignment, and the resource group. */
export function seesTheMainJob(output: string): void {
  const steps = [
    /^\{"access_token":"[\w-]{24}…",.*"token_type":"Bearer"\}$/m,
    /^\{"error":\{"code":"AuthorizationFailed",.*\}\}\nHTTP 403$/m,
    /^ {2}"type": "Microsoft\.Authorization\/roleAssignments",$/m,
    /^\{"id":"[^"]*\/resourceGroups\/first-light",.*"provisioningState":"Succeeded".*\}\nHTTP 200$/m,
  ]
  let rest = output
  for (const step of steps) {
    const found = step.exec(rest)
    assert.ok(found, `${step} is missing from:\n${rest}`)
    rest = rest.slice(found.index + found[0].length)
  }
}
