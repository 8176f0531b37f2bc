/** A person at a sign-in page: as much of a browser as it asks for, which is cookies, and sending a form where it wants. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Lazuli } from '../start.ts'

export type Page = {
  readonly status: number
  readonly text: string
  /** Where the page sends the browser, if it does. */
  readonly redirect: string | undefined
  /** Types into the page's form and sends it. */
  submit(fields: Readonly<Record<string, string>>): Promise<Page>
}

/** An address as a program shows it to its person; it must be one that a browser outside of Lazuli can open. */
export async function openPage(lazuli: Lazuli, address: string): Promise<Page> {
  const url = new URL(address)
  assert.equal(url.origin, lazuli.url)
  const headers = { accept: 'text/html' }
  return shown(lazuli, url, await lazuli.arm('GET', url.pathname + url.search, { token: false, headers }), '')
}

function shown(lazuli: Lazuli, url: URL, { status, headers, body }: Answer<string>, cookie: string): Page {
  const set = [headers['set-cookie'] ?? []].flat()[0]?.split(';')[0] ?? cookie
  return {
    status,
    text: body,
    redirect: typeof headers.location === 'string' ? headers.location : undefined,
    async submit(fields) {
      const method = /<form method="(get|post)">/.exec(body)?.[1]
      assert.ok(method, `no form in ${body}`)
      const hidden = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
      const form = new URLSearchParams([
        ...hidden.map(([, name = '', value = '']) => [name, value] as [string, string]),
        ...Object.entries(fields),
      ])
      for (const name of Object.keys(fields)) assert.match(body, new RegExp(`name="${name}"`))
      if (method === 'get') return openPage(lazuli, `${url.origin}${url.pathname}?${form}`)
      const answer = await lazuli.arm('POST', url.pathname + url.search, {
        token: false,
        headers: {
          accept: 'text/html',
          cookie: set,
          origin: url.origin,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: form.toString(),
      })
      return shown(lazuli, url, answer, set)
    },
  }
}

/** Waits until a program has written into a file what its person needs. If it ends before, it has failed. */
export async function writes(file: string, wanted: RegExp, program: Promise<unknown>): Promise<RegExpExecArray> {
  let isRunning = true
  program.finally(() => {
    isRunning = false
  })
  for (;;) {
    const found = wanted.exec(await readFile(file, 'utf8'))
    if (found) return found
    if (!isRunning) await program
    assert.ok(isRunning, `${await readFile(file, 'utf8')} says nothing of ${wanted}`)
    await pause(50)
  }
}
