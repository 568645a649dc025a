/** Of queues and types: they become parts of keys, labels and addresses. */
export const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Of jobs. BullMQ refuses whole numbers and `:`; a file or an address may be made of it. */
export const ID = /^(?!\d+$)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/;
export const ID_EXPECTED = "should be 1 to 128 letters, digits, -, _ and ., not digits alone";
