import type { AdapterDescription } from "../../engine/adapter.ts";
import { tunedMachine } from "../../engine/host/node.ts";
import { tableFault, type TunedTable } from "../../engine/tuning/tuned_table.ts";

// Tables of measured variants, kept by this browser for this page: one for each adapter, in IndexedDB.
const [DATABASE, STORE, VERSION] = ["unfold", "tuned", 1];

/** The table kept for an adapter; undefined if there is none, or if this browser keeps nothing (a private window). */
export async function storedTable(info: AdapterDescription): Promise<TunedTable | undefined> {
  try {
    const value: unknown = await inStore("readonly", (store) => store.get(tunedMachine(info)));
    return value === undefined || tableFault(value) !== undefined ? undefined : (value as TunedTable);
  } catch {
    return undefined;
  }
}

/** Keeps a table in place of an earlier one. Rejects if this browser does not keep it. */
export const keepTable = async (table: TunedTable): Promise<void> =>
  void (await inStore("readwrite", (store) => store.put(table, table.adapter)));

export const forgetTable = (info: AdapterDescription): Promise<void> =>
  inStore("readwrite", (store) => store.delete(tunedMachine(info)));

/** How many choices between variants a table has measured. */
export const choicesIn = ({ operations }: TunedTable): number => Object.values(operations).flat().length;

async function inStore<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(DATABASE, VERSION);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close(); // once its transactions are done
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("this browser keeps no data for this page"));
  });
