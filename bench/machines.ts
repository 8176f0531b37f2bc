export async function machines(_place: { program: string; folder: string }): Promise<void> {}
