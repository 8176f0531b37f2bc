import { refusal, unauthorized } from './refusal.ts'

/** Programs that cannot be told to be who they say they are. */

export const applicationNotFound = (clientId: string, tenant: string) =>
  refusal(
    700016,
    'unauthorized_client',
    `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  )

export const servicePrincipalMissing = (clientId: string, tenantId: string) =>
  refusal(
    7000229,
    'unauthorized_client',
    `The client application ${clientId} is missing service principal in the tenant ${tenantId}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119.`,
  )

export const credentialMissing = () =>
  refusal(
    7000218,
    'invalid_client',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    unauthorized,
  )

export const secretInvalid = (clientId: string) =>
  refusal(
    7000215,
    'invalid_client',
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    unauthorized,
  )

export const secretExpired = (clientId: string) =>
  refusal(
    7000222,
    'invalid_client',
    `The provided client secret keys for app '${clientId}' are expired. Create new keys for your app, or use certificate credentials.`,
    unauthorized,
  )

export const publicClientRefused = (clientId: string) =>
  refusal(
    700025,
    'invalid_client',
    `Client is public so neither 'client_assertion' nor 'client_secret' should be presented: '${clientId}'.`,
    unauthorized,
  )
