import { checkOperations } from "./check_operations.ts";
import { casesOf, GROUPS } from "./groups.ts";

checkOperations(await casesOf(GROUPS.attention));
