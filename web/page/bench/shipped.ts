/** Results that come with the page, of known adapters: the file of each. */
const FILES = import.meta.glob<string>("../../../bench/results/kernels-*.json", { query: "?url", import: "default" });

export interface ShippedResults {
  /** The file's name. */
  readonly name: string;
  /** Fetches its text. */
  readonly text: () => Promise<string>;
}

export const shippedResults: readonly ShippedResults[] = Object.entries(FILES).map(([path, address]) => {
  const name = path.split("/").at(-1) as string;
  return {
    name,
    text: async () => {
      const response = await fetch(await address()).catch(() => undefined);
      if (!response?.ok) throw new Error(`the page's own file ${name} did not arrive: load the page again`);
      return response.text();
    },
  };
});
