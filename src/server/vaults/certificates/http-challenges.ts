/**
 * What an ACME server that is about to issue a certificate finds at a host when it asks who controls it. Only what is
 * being waited for is there: a server that starts again begins its orders again, too.
 */
export type HttpChallenges = {
  /** Until the returned function is called. */
  put(token: string, answer: string): () => void
  answerTo(path: string): string | undefined
}

const folder = '/.well-known/acme-challenge/'

export function openHttpChallenges(): HttpChallenges {
  const answers = new Map<string, string>()
  return {
    put(token, answer) {
      answers.set(token, answer)
      return () => void answers.delete(token)
    },
    answerTo: path => (path.startsWith(folder) ? answers.get(path.slice(folder.length)) : undefined),
  }
}
