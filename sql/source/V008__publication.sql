-- What logical replication may read. An existing publication stays as it is.
do $$
begin
    if not exists (select from pg_publication where pubname = 'cdc_demo') then
        create publication cdc_demo
            for table public.users, public.products, public.orders, public.order_items, public.transactions;
    end if;
end
$$;
