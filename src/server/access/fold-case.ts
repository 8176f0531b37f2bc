/** The lower-case code of an ASCII letter; any other code, NaN too, as it is. */
export const foldCase = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code)
