/**
 * Changes nothing that is there. From here on there are versions among the blobs, which a Lazuli that knows none would take
 * for snapshots: it is to refuse the database.
 */
export async function up(): Promise<void> {}
