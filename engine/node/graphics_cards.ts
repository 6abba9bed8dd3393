import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A graphics card on the PCI bus. */
export interface GraphicsCard {
  /** Such as `0000:65:00.0`. */
  readonly address: string;
  /** Vendor and device, equal for cards of one kind: `10de:2335`. */
  readonly id: string;
}

/** The cards that Linux lists; none elsewhere, and in containers that hide them. */
export function graphicsCards(folder = "/sys/bus/pci/devices"): GraphicsCard[] {
  const field = (address: string, name: string): string => readFileSync(join(folder, address, name), "utf8").trim();
  try {
    return readdirSync(folder)
      .sort()
      .filter((address) => /^0x03/u.test(field(address, "class"))) // display controllers
      .map((address) => ({
        address,
        id: ["vendor", "device"].map((name) => field(address, name).replace(/^0x/u, "")).join(":"),
      }));
  } catch {
    return [];
  }
}

/** Variables with which a user has chosen a card already. */
const CHOSEN = ["DRI_PRIME", "MESA_VK_DEVICE_SELECT", "UNFOLD_ADAPTER"] as const;

/**
 * The card for one of several processes of this machine, where it has several cards of one kind: these have one name, by which Dawn cannot
 * tell them apart. Undefined where there is nothing to choose, or the user has chosen.
 */
export function cardOf(
  { localRank, localSize }: { readonly localRank: number; readonly localSize: number },
  cards: readonly GraphicsCard[],
  env: NodeJS.ProcessEnv = process.env,
): GraphicsCard | undefined {
  if (localSize < 2 || CHOSEN.some((name) => env[name])) return undefined;
  const alike = cards
    .map(({ id }) => cards.filter((other) => other.id === id))
    .reduce<readonly GraphicsCard[]>((most, kind) => (kind.length > most.length ? kind : most), []);
  return alike.length < 2 ? undefined : alike[localRank % alike.length];
}

/** What makes Mesa's device-select layer put a card first; it must be in the environment before a Vulkan loader starts. */
export const selecting = ({ address }: GraphicsCard): Record<"DRI_PRIME", string> => ({
  DRI_PRIME: `pci-${address.replace(/[:.]/gu, "_")}`,
});
