import type { AzureError } from '../../../errors.ts'
import { html, page } from './html.ts'

/** What a person sees when there is no form to say it in. */
export const errorPage = ({ status, headers, message }: AzureError, description: string): Response =>
  page('Sign-in did not work', html`<p role="alert">${message}</p><p><small>${description}</small></p>`, {
    status,
    headers,
  })
