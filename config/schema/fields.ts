import * as z from "zod";

/*
 * The types of config values. Each carries a phrase for what it expects, so that every fault reads
 * `expected a whole number from 1, got 0`.
 */

function expected(phrase: string): { error: string } {
  return { error: `expected ${phrase}` };
}

/** A whole number in [from, to]. */
export function whole(from: number, to = Number.MAX_SAFE_INTEGER) {
  const phrase = expected(`a whole number from ${from}${to < Number.MAX_SAFE_INTEGER ? ` to ${to}` : ""}`);
  return z.int(phrase).min(from, phrase).max(to, phrase);
}

/** A finite number in [from, to]. */
export function between(from: number, to: number) {
  const phrase = expected(`a number from ${from} to ${to}`);
  return z.number(phrase).min(from, phrase).max(to, phrase);
}

/** A finite number in [from, below): a momentum, a dropout rate. */
export function share(from: number, below: number) {
  const phrase = expected(`a number from ${from} to less than ${below}`);
  return z.number(phrase).min(from, phrase).lt(below, phrase);
}

/** A finite number over 0. */
export function positive() {
  const phrase = expected("a number over 0");
  return z.number(phrase).gt(0, phrase);
}

/** A finite number, 0 or more. */
export function notNegative() {
  const phrase = expected("a number, 0 or more");
  return z.number(phrase).min(0, phrase);
}

export function finite() {
  return z.number(expected("a number"));
}

export function yesOrNo() {
  return z.boolean(expected("true or false"));
}

export function text(what: string) {
  const phrase = expected(what);
  return z.string(phrase).min(1, phrase);
}

/** One of the given words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, expected(words.map((word) => `"${word}"`).join(" or ")));
}
