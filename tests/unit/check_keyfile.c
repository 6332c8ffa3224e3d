/* SPDX-License-Identifier: MIT */
/*
 * Key files: what is made can be loaded, by its owner and with its password
 * only; what is damaged, foreign or readable by others is refused by name.
 */
#include <config.h>

#include <check.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "scratch.h"
#include "store/key_pem.h"
#include "store/keyfile.h"
#include "test_keys.h"

static char datadir[PATH_MAX / 2];
static struct fault fault;

static void fresh_datadir(void)
{
	scratch_path(datadir, sizeof(datadir));
	fault = (struct fault){0};
}

static void file_of(char out[PATH_MAX], const struct address *a)
{
	char hex[ADDRESS_HEX_LEN];

	snprintf(out, PATH_MAX, "%s/keys/%s.pem", datadir, address_hex(hex, a));
}

static size_t slurp(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(out, 1, size - 1, f);
	out[n] = 0;
	fclose(f);
	return n;
}

static void spill(const char *path, const void *data, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* Store a key under an address in the data directory. */
static void put_file(char path[PATH_MAX], const struct address *a,
		     const void *data, size_t len)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/keys", datadir);
	mkdir(datadir, 0700);
	mkdir(dir, 0700);
	file_of(path, a);
	spill(path, data, len, 0600);
}

static struct secret_key *create(enum key_type type, const char *password)
{
	struct secret_key *key;

	ck_assert_msg(!keyfile_create(&key, datadir, type, password, &fault),
		      "%s", fault.detail);
	return key;
}

/* The load fails so, and the fault names the path. */
static void ck_load(const struct address *a, const char *password,
		    enum err want)
{
	struct secret_key *key = (void *)1;
	char path[PATH_MAX];
	struct buf sig = {0};
	struct hash h = {{1}};

	fault = (struct fault){0};
	ck_assert_int_eq(keyfile_load(&key, datadir, a, password, &fault),
			 want);
	if (want) {
		ck_assert_ptr_null(key);
		ck_assert_int_eq(fault.code, want);
		file_of(path, a);
		ck_assert_ptr_nonnull(strstr(fault.detail, path));
		return;
	}
	ck_assert(address_eq(secret_key_address(key), a));
	ck_assert_int_eq(secret_key_sign(key, &sig, &h), ERR_OK);
	secret_key_free(key);
	buf_release(&sig);
}

START_TEST(a_key_that_is_made_can_be_loaded)
{
	static const enum key_type types[] = {KEY_RSA2048, KEY_ED25519};
	static const char *const passwords[] = {NULL, "correct horse"};
	char path[PATH_MAX], text[KEY_PEM_MAX];
	struct secret_key *key;
	enum key_type type;
	struct stat st;
	size_t i, k;

	for (i = 0; i < 2; i++) {
		for (k = 0; k < 2; k++) {
			key = create(types[i], passwords[k]);
			ck_assert_int_eq(
				key_check(&type, secret_key_public(key)),
				ERR_OK);
			ck_assert_int_eq(type, types[i]);
			file_of(path, secret_key_address(key));
			ck_assert_int_eq(stat(path, &st), 0);
			ck_assert_uint_eq(st.st_mode & 07777, 0600);
			slurp(path, text, sizeof(text));
			ck_assert_int_eq(
				!strncmp(text, "-----BEGIN PRIVATE KEY", 22),
				!passwords[k]);
			ck_load(secret_key_address(key), passwords[k], ERR_OK);
			secret_key_free(key);
		}
	}
	snprintf(path, sizeof(path), "%s/keys", datadir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(datadir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(nothing_but_the_key_files_is_left_behind)
{
	char path[PATH_MAX];
	struct dirent *e;
	size_t files = 0;
	DIR *dir;

	secret_key_free(create(KEY_ED25519, NULL));
	secret_key_free(create(KEY_ED25519, "x"));
	snprintf(path, sizeof(path), "%s/keys", datadir);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)))
		files += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(dir);
	ck_assert_uint_eq(files, 2);
}
END_TEST

START_TEST(only_the_right_password_opens_a_key)
{
	struct secret_key *key = create(KEY_ED25519, "sesame");
	const struct address *a = secret_key_address(key);

	ck_load(a, "sesame", ERR_OK);
	ck_load(a, NULL, ERR_BAD_PASSWORD);
	ck_load(a, "", ERR_BAD_PASSWORD);
	ck_load(a, "Sesame", ERR_BAD_PASSWORD);
	ck_load(a, "sesame ", ERR_BAD_PASSWORD);
	secret_key_free(key);
	key = create(KEY_ED25519, NULL);
	ck_load(secret_key_address(key), "superfluous", ERR_OK);
	secret_key_free(key);
	ck_assert_int_eq(keyfile_create(&key, datadir, KEY_ED25519, "", &fault),
			 ERR_BAD_PASSWORD);
	ck_assert_ptr_null(key);
}
END_TEST

START_TEST(a_key_that_others_can_read_is_refused)
{
	static const mode_t bad[] = {0640, 0604, 0660, 0644, 0666, 0610, 0602};
	static const mode_t good[] = {0600, 0400, 0700};
	struct secret_key *key = create(KEY_ED25519, NULL);
	char path[PATH_MAX];
	size_t i;

	file_of(path, secret_key_address(key));
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(chmod(path, bad[i]), 0);
		ck_load(secret_key_address(key), NULL, ERR_PERMISSION);
	}
	for (i = 0; i < ARRAY_LEN(good); i++) {
		ck_assert_int_eq(chmod(path, good[i]), 0);
		ck_load(secret_key_address(key), NULL, ERR_OK);
	}
	secret_key_free(key);
}
END_TEST

START_TEST(the_key_of_another_address_is_refused)
{
	struct secret_key *key = create(KEY_ED25519, NULL);
	struct address other = *secret_key_address(key);
	char hex[ADDRESS_HEX_LEN], from[PATH_MAX], to[PATH_MAX];

	other.b[0] ^= 1;
	file_of(from, secret_key_address(key));
	file_of(to, &other);
	ck_assert_int_eq(rename(from, to), 0);
	ck_load(&other, NULL, ERR_WRONG_KEY);
	address_hex(hex, secret_key_address(key));
	ck_assert_ptr_nonnull(strstr(fault.detail, hex));
	ck_load(secret_key_address(key), NULL, ERR_NOT_FOUND);
	secret_key_free(key);
}
END_TEST

/* Cut everywhere, and with every byte changed: never a key that is not the
 * address's, never a crash. */
static void damage(const struct address *a, const char *password)
{
	struct secret_key *key;
	char path[PATH_MAX], text[KEY_PEM_MAX];
	size_t i, len;
	enum err err;

	file_of(path, a);
	len = slurp(path, text, sizeof(text));
	for (i = 0; i + 1 < len; i += password ? 17 : 3) {
		spill(path, text, i, 0600);
		ck_load(a, password, ERR_MALFORMED);
		text[i] ^= 5;
		spill(path, text, len, 0600);
		text[i] ^= 5;
		err = keyfile_load(&key, datadir, a, password, &fault);
		if (!err)
			ck_assert(address_eq(secret_key_address(key), a));
		else
			ck_assert(err == ERR_MALFORMED ||
				  err == ERR_WRONG_KEY ||
				  (err == ERR_BAD_PASSWORD && password));
		secret_key_free(key);
	}
	spill(path, text, len, 0600);
	ck_load(a, password, ERR_OK);
}

START_TEST(a_damaged_file_is_refused)
{
	struct secret_key *key = create(KEY_ED25519, NULL);

	damage(secret_key_address(key), NULL);
	secret_key_free(key);
	key = create(KEY_ED25519, "pw");
	damage(secret_key_address(key), "pw");
	secret_key_free(key);
}
END_TEST

START_TEST(what_is_not_a_key_pair_of_ours_is_refused)
{
	static const char not_pem[] = "hello\n";
	struct address a = {{7}};
	char path[PATH_MAX], *text;
	EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	long len;

	put_file(path, &a, "", 0);
	ck_load(&a, NULL, ERR_MALFORMED);
	put_file(path, &a, not_pem, strlen(not_pem));
	ck_load(&a, NULL, ERR_MALFORMED);
	ck_assert(PEM_write_bio_PKCS8PrivateKey(bio, ec, NULL, NULL, 0, NULL,
						NULL));
	len = BIO_get_mem_data(bio, &text);
	put_file(path, &a, text, (size_t)len);
	ck_load(&a, NULL, ERR_MALFORMED);
	(void)BIO_reset(bio);
	ck_assert(PEM_write_bio_PUBKEY(bio, ec));
	len = BIO_get_mem_data(bio, &text);
	put_file(path, &a, text, (size_t)len);
	ck_load(&a, NULL, ERR_MALFORMED);
	BIO_free(bio);
	EVP_PKEY_free(ec);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_load(&a, NULL, ERR_MALFORMED);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0); /* must not wait for it */
	ck_load(&a, NULL, ERR_MALFORMED);
}
END_TEST

START_TEST(a_key_made_elsewhere_can_be_loaded)
{
	static const char *const pems[] = {TEST_RSA_PEM, TEST_ED25519_PEM};
	struct secret_key *key;
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < 2; i++) {
		key = test_key(pems[i]);
		put_file(path, secret_key_address(key), pems[i],
			 strlen(pems[i]));
		ck_load(secret_key_address(key), NULL, ERR_OK);
		secret_key_free(key);
	}
}
END_TEST

START_TEST(the_list_holds_the_keys_in_order_and_nothing_else)
{
	static const char *const junk[] = {
		"x.pem",
		"0000000000000000000000000000000000000000.txt",
		"0000000000000000000000000000000000000000.pem~",
		"ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD.pem",
		".0000000000000000000000000000000000000000.new",
		"g000000000000000000000000000000000000000.pem",
	};
	struct address *list, a;
	char path[PATH_MAX];
	size_t count, i;

	ck_assert_int_eq(keyfile_list(&list, &count, datadir, &fault), ERR_OK);
	ck_assert_uint_eq(count, 0);
	for (i = 20; i-- > 0;) {
		memset(a.b, (int)(i * 12), ADDRESS_LEN);
		put_file(path, &a, "", 0);
	}
	for (i = 0; i < ARRAY_LEN(junk); i++) {
		snprintf(path, sizeof(path), "%s/keys/%s", datadir, junk[i]);
		spill(path, "", 0, 0600);
	}
	ck_assert_int_eq(keyfile_list(&list, &count, datadir, &fault), ERR_OK);
	ck_assert_uint_eq(count, 20);
	for (i = 0; i < 20; i++)
		ck_assert_uint_eq(list[i].b[0], i * 12);
	free(list);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named)
{
	struct secret_key *key;
	char path[PATH_MAX];
	struct address *list;
	size_t count;

	spill(datadir, "", 0, 0600); /* a file where the directory should be */
	ck_assert_int_ne(
		keyfile_create(&key, datadir, KEY_ED25519, NULL, &fault),
		ERR_OK);
	ck_assert_ptr_null(key);
	ck_assert_ptr_nonnull(strstr(fault.detail, datadir));
	ck_assert_int_eq(unlink(datadir), 0);
	ck_assert_int_eq(mkdir(datadir, 0700), 0);
	snprintf(path, sizeof(path), "%s/keys", datadir);
	spill(path, "", 0, 0600);
	ck_assert_int_ne(keyfile_list(&list, &count, datadir, &fault), ERR_OK);
	ck_assert_ptr_null(list);
	snprintf(path, sizeof(path), "%s/no/such/place", datadir);
	ck_assert_int_eq(keyfile_create(&key, path, KEY_ED25519, NULL, &fault),
			 ERR_NOT_FOUND);
}
END_TEST

static void ck_password(const void *text, size_t len, enum err want,
			const char *password)
{
	char path[PATH_MAX], *got;

	scratch_path(path, sizeof(path));
	spill(path, text, len, 0600);
	ck_assert_int_eq(keyfile_password(&got, path, &fault), want);
	if (want) {
		ck_assert_ptr_null(got);
		ck_assert_ptr_nonnull(strstr(fault.detail, path));
	} else {
		ck_assert_str_eq(got, password);
	}
	keyfile_wipe(got);
}

START_TEST(a_password_is_the_first_line_of_its_file)
{
	char longest[1026], path[PATH_MAX], *got;
	mode_t mode;

	ck_password("open\n", 5, ERR_OK, "open");
	ck_password("open", 4, ERR_OK, "open");
	ck_password("a b \nnot this\n", 14, ERR_OK, "a b ");
	ck_password("", 0, ERR_MALFORMED, NULL);
	ck_password("\nlate\n", 6, ERR_MALFORMED, NULL);
	ck_password("a\0b\n", 4, ERR_MALFORMED, NULL);
	memset(longest, 'x', sizeof(longest));
	ck_password(longest, 1026, ERR_TOO_BIG, NULL);
	ck_password(longest, 1025, ERR_TOO_BIG, NULL);
	longest[1024] = '\n';
	longest[1025] = 'y';
	fault = (struct fault){0};
	scratch_path(path, sizeof(path));
	spill(path, longest, 1026, 0600);
	ck_assert_int_eq(keyfile_password(&got, path, &fault), ERR_OK);
	ck_assert_uint_eq(strlen(got), 1024);
	keyfile_wipe(got);
	for (mode = 1; mode <= 040; mode *= 2) {
		ck_assert_int_eq(chmod(path, 0600 | mode), 0);
		ck_assert_int_eq(keyfile_password(&got, path, &fault),
				 ERR_PERMISSION);
		ck_assert_ptr_null(got);
	}
	ck_assert_int_eq(keyfile_password(&got, "/no/such/file", &fault),
			 ERR_NOT_FOUND);
	keyfile_wipe(NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_key_that_is_made_can_be_loaded,
		nothing_but_the_key_files_is_left_behind,
		only_the_right_password_opens_a_key,
		a_key_that_others_can_read_is_refused,
		the_key_of_another_address_is_refused,
		a_damaged_file_is_refused,
		what_is_not_a_key_pair_of_ours_is_refused,
		a_key_made_elsewhere_can_be_loaded,
		the_list_holds_the_keys_in_order_and_nothing_else,
		a_place_that_cannot_be_written_is_named,
		a_password_is_the_first_line_of_its_file,
	};
	Suite *s = suite_create("keyfile");
	TCase *c = tcase_create("keyfile");
	size_t i;

	tcase_add_checked_fixture(c, fresh_datadir, NULL);
	tcase_set_timeout(c, 120);
	for (i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	return scratch_run(s);
}
