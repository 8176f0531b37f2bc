import { get } from 'node:http'
import { HandlerFailure } from '../handler/failure.ts'

const patienceMs = 15_000

/** Asks what the endpoint refuses, so that no token is needed to know that it is there. Rejects with HandlerFailure. */
export const probe = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new HandlerFailure(`The endpoint at port ${port} does not answer: ${why}`))
    const request = get({ host: '127.0.0.1', port, path: '/', agent: false, timeout: patienceMs }, response => {
      response.resume()
      if (response.statusCode === 401) resolve()
      else fail(`it says ${response.statusCode}`)
    })
    request.once('error', error => fail(error.message))
    request.once('timeout', () => request.destroy(new Error(`nothing was said in ${patienceMs / 1000} s`)))
  })
