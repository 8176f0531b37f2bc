/** Whether a header can have this value: what Node writes, and no line break, with which it would be two headers. */
export const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

/** Whether a header can have this name (RFC 9110, section 5.6.2). */
export const isHeaderName = (text: string): boolean => /^[\w!#$%&'*+\-.^`|~]+$/.test(text)
